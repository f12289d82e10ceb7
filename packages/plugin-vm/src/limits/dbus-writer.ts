import { alignmentOf, type DbusValue, typesOf, type Variant } from './dbus-values.ts';

/** Marshals values, little-endian (D-Bus specification, "Marshaling"). */
export class DbusWriter {
  readonly #bytes: number[] = [];

  write(signature: string, values: readonly DbusValue[]): this {
    for (const [index, type] of typesOf(signature).entries()) this.#value(type, values[index] as DbusValue);
    return this;
  }

  align(width: number): this {
    while (this.#bytes.length % width !== 0) this.#bytes.push(0);
    return this;
  }

  get buffer(): Buffer {
    return Buffer.from(this.#bytes);
  }

  #value(type: string, value: DbusValue): this {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case 's':
      case 'o':
        return this.#string(String(value), 4);
      case 'g':
        return this.#string(String(value), 1);
      case 'v': {
        const { signature, value: inner } = value as Variant;
        this.#string(signature, 1);
        return this.#value(signature, inner);
      }
      case '(':
      case '{':
        return this.write(type.slice(1, -1), value as readonly DbusValue[]);
      case 'a':
        return this.#array(type.slice(1), value as readonly DbusValue[]);
      default:
        return this.#integer(BigInt(value as number | bigint | boolean), type[0] === 'b' ? 4 : alignmentOf(type));
    }
  }

  #string(text: string, lengthBytes: number): this {
    const bytes = Buffer.from(text);
    this.#integer(BigInt(bytes.length), lengthBytes);
    this.#bytes.push(...bytes, 0);
    return this;
  }

  /** Its length does not count the padding before the first element. */
  #array(type: string, values: readonly DbusValue[]): this {
    const at = this.#bytes.length;
    this.#integer(0n, 4);
    this.align(alignmentOf(type));
    const begin = this.#bytes.length;
    for (const value of values) this.#value(type, value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(this.#bytes.length - begin);
    this.#bytes.splice(at, 4, ...length);
    return this;
  }

  #integer(value: bigint, bytes: number): this {
    for (let i = 0; i < bytes; i++) this.#bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
    return this;
  }
}

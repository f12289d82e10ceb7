import { alignmentOf, type DbusValue, typesOf } from './dbus-values.ts';

/** Reads what a `DbusWriter` writes. */
export class DbusReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(signature: string): DbusValue[] {
    return typesOf(signature).map((type) => this.#value(type));
  }

  #value(type: string): DbusValue {
    this.#align(alignmentOf(type));
    switch (type[0]) {
      case 's':
      case 'o':
        return this.#string(4);
      case 'g':
        return this.#string(1);
      case 'v': {
        const signature = this.#string(1);
        return { signature, value: this.#value(signature) };
      }
      case '(':
      case '{':
        return this.read(type.slice(1, -1));
      case 'a':
        return this.#array(type.slice(1));
      case 'b':
        return this.#integer(4) !== 0n;
      case 't':
        return this.#integer(8);
      case 'x':
        return BigInt.asIntN(64, this.#integer(8));
      default:
        return Number(this.#integer(alignmentOf(type)));
    }
  }

  #array(type: string): DbusValue[] {
    const length = Number(this.#integer(4));
    this.#align(alignmentOf(type));
    const end = this.#at + length;
    const values: DbusValue[] = [];
    while (this.#at < end) values.push(this.#value(type));
    return values;
  }

  #string(lengthBytes: number): string {
    const length = Number(this.#integer(lengthBytes));
    const text = this.#bytes.toString('utf8', this.#at, this.#at + length);
    this.#at += length + 1;
    return text;
  }

  #integer(bytes: number): bigint {
    if (this.#at + bytes > this.#bytes.length) throw new Error('a message of D-Bus ends too early');
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[this.#at + i] as number);
    this.#at += bytes;
    return value;
  }

  #align(width: number): void {
    this.#at = Math.ceil(this.#at / width) * width;
  }
}

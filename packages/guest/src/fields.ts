import { GuestProtocolError } from './protocol-error.ts';

/** One field of a structured payload. */
export interface Field {
  readonly tag: number;
  readonly value: Buffer;
}

const FIELD_HEADER = 6;

export function encodeFields(fields: readonly { readonly tag: number; readonly value: Uint8Array }[]): Buffer {
  const size = fields.reduce((sum, field) => sum + FIELD_HEADER + field.value.length, 0);
  const payload = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { tag, value } of fields) {
    payload.writeUInt16LE(tag, at);
    payload.writeUInt32LE(value.length, at + 2);
    payload.set(value, at + FIELD_HEADER);
    at += FIELD_HEADER + value.length;
  }
  return payload;
}

/** The values are views of the payload. @throws GuestProtocolError */
export function decodeFields(payload: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < payload.length) {
    if (payload.length - at < FIELD_HEADER) throw new GuestProtocolError('invalid', 'A payload ends inside a field.');
    const tag = payload.readUInt16LE(at);
    const length = payload.readUInt32LE(at + 2);
    at += FIELD_HEADER;
    if (length > payload.length - at) throw new GuestProtocolError('invalid', 'A field is longer than its payload.');
    fields.push({ tag, value: payload.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

export function stringField(tag: number, value: string): Field {
  if (value.includes('\0')) throw new GuestProtocolError('invalid', 'A string holds a NUL character.');
  return { tag, value: Buffer.from(value) };
}

export function u8Field(tag: number, value: number): Field {
  return { tag, value: Buffer.of(value) };
}

export function u16Field(tag: number, value: number): Field {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16LE(value);
  return { tag, value: bytes };
}

export function u32Field(tag: number, value: number): Field {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return { tag, value: bytes };
}

export function u64Field(tag: number, value: bigint): Field {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return { tag, value: bytes };
}

/** The first field with the tag, or undefined. */
function findField(fields: readonly Field[], tag: number): Buffer | undefined {
  return fields.find((field) => field.tag === tag)?.value;
}

export function readString(fields: readonly Field[], tag: number): string {
  return findField(fields, tag)?.toString() ?? '';
}

export function readU32(fields: readonly Field[], tag: number): number | undefined {
  const value = findField(fields, tag);
  if (value === undefined) return undefined;
  if (value.length !== 4) throw new GuestProtocolError('invalid', `Field ${tag} is not a 32-bit number.`);
  return value.readUInt32LE();
}

export function readU64(fields: readonly Field[], tag: number): bigint | undefined {
  const value = findField(fields, tag);
  if (value === undefined) return undefined;
  if (value.length !== 8) throw new GuestProtocolError('invalid', `Field ${tag} is not a 64-bit number.`);
  return value.readBigUInt64LE();
}

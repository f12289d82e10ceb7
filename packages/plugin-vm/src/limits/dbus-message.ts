import { DbusReader } from './dbus-reader.ts';
import type { DbusValue, Variant } from './dbus-values.ts';
import { DbusWriter } from './dbus-writer.ts';

const FIELDS = { path: 1, interface: 2, member: 3, error: 4, reply_to: 5, destination: 6, signature: 8 } as const;
const TYPES = { call: 1, reply: 2, error: 3, signal: 4 } as const;
/** Before the array of header fields. */
const FIXED_BYTES = 12;

export interface DbusCall {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly destination: string;
  readonly signature?: string;
  readonly body?: readonly DbusValue[];
}

export interface DbusMessage {
  readonly type: 'reply' | 'error' | 'signal' | 'other';
  readonly member: string | undefined;
  /** Name of the error, as `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly error: string | undefined;
  readonly reply_to: number | undefined;
  readonly body: readonly DbusValue[];
}

/** A method call, as it goes over the wire. */
export function encodeCall(serial: number, { signature = '', body = [], ...names }: DbusCall): Buffer {
  const content = new DbusWriter().write(signature, body).buffer;
  const types = { path: 'o', interface: 's', member: 's', destination: 's' } as const;
  const fields = Object.entries(types).map(([name, type]): DbusValue => {
    const key = name as keyof typeof types;
    return [FIELDS[key], { signature: type, value: names[key] }];
  });
  if (signature !== '') fields.push([FIELDS.signature, { signature: 'g', value: signature }]);
  const fixed = [0x6c, TYPES.call, 0, 1, content.length, serial];
  const header = new DbusWriter().write('yyyyuua(yv)', [...fixed, fields]).align(8).buffer;
  return Buffer.concat([header, content]);
}

/** How long the message is that these bytes begin with; undefined when that is not in them yet. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < FIXED_BYTES + 4) return undefined;
  const fields = bytes.readUInt32LE(FIXED_BYTES);
  return Math.ceil((FIXED_BYTES + 4 + fields) / 8) * 8 + bytes.readUInt32LE(4);
}

type Header = [number, number, number, number, number, number, (readonly [number, Variant])[]];

/** @throws when it is not a message of D-Bus, little-endian */
export function decodeMessage(bytes: Buffer): DbusMessage {
  if (bytes[0] !== 0x6c) throw new Error('a message of D-Bus is not little-endian');
  const [, type, , , length, , fields] = new DbusReader(bytes).read('yyyyuua(yv)') as unknown as Header;
  const field = (code: number) => fields.find(([each]) => each === code)?.[1].value;
  const name = Object.entries(TYPES).find(([, code]) => code === type)?.[0];
  const body = new DbusReader(bytes.subarray(bytes.length - length)).read(String(field(FIELDS.signature) ?? ''));
  return {
    type: name === 'reply' || name === 'error' || name === 'signal' ? name : 'other',
    member: field(FIELDS.member) as string | undefined,
    error: field(FIELDS.error) as string | undefined,
    reply_to: field(FIELDS.reply_to) as number | undefined,
    body,
  };
}

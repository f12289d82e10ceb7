import { GuestProtocolError } from './protocol-error.ts';

/** Kinds of records in the stream of a copy; docs/guest-protocol.md, "Copying". */
export const CopyRecord = {
  DIRECTORY: 1,
  FILE: 2,
  SYMLINK: 3,
  UP: 4,
  DATA: 5,
  HOLE: 6,
  CLOSE: 7,
  SKIPPED: 8,
  DONE: 9,
  FAILED: 10,
} as const;

/** The most bytes that one record's payload may have. */
export const MAX_COPY_RECORD = 65_536;
/** Directories within directories. */
export const MAX_COPY_DEPTH = 256;
const RECORD_HEADER = 5;
const ENTRY_HEADER = 15;
const MAX_NAME = 255;

/** The payload of DIRECTORY, FILE and SYMLINK. Names are bytes, one component, empty for the first entry. */
export interface CopyEntry {
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly name: Buffer;
  /** Of a symlink. */
  readonly target: Buffer;
}

export function encodeRecord(kind: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const record = recordBuffer(kind, payload.length);
  record.set(payload, RECORD_HEADER);
  return record;
}

/** A record whose payload the caller fills: {@link recordPayload}. */
export function recordBuffer(kind: number, size: number): Buffer {
  if (size > MAX_COPY_RECORD)
    throw new GuestProtocolError('oversized', `A record has at most ${MAX_COPY_RECORD} bytes.`);
  const record = Buffer.allocUnsafe(RECORD_HEADER + size);
  record[0] = kind;
  record.writeUInt32LE(size, 1);
  return record;
}

export function recordPayload(record: Buffer): Buffer {
  return record.subarray(RECORD_HEADER);
}

export function encodeEntry(kind: number, entry: Omit<CopyEntry, 'target'> & { readonly target?: Buffer }): Buffer {
  const { name, target = Buffer.alloc(0) } = entry;
  const record = recordBuffer(kind, ENTRY_HEADER + name.length + target.length);
  const payload = recordPayload(record);
  const seconds = floorDiv(entry.mtimeNs, 1_000_000_000n);
  payload.writeUInt16LE(entry.mode & 0o7777, 0);
  payload.writeBigInt64LE(seconds, 2);
  payload.writeUInt32LE(Number(entry.mtimeNs - seconds * 1_000_000_000n), 10);
  payload.writeUInt8(name.length, 14);
  payload.set(name, ENTRY_HEADER);
  payload.set(target, ENTRY_HEADER + name.length);
  return record;
}

/** @throws GuestProtocolError when it is none, or its name is no name in a directory */
export function decodeEntry(payload: Buffer): CopyEntry {
  const length = payload.length < ENTRY_HEADER ? 0 : payload.readUInt8(14);
  if (payload.length < ENTRY_HEADER + length)
    throw new GuestProtocolError('invalid', 'A record ends inside its entry.');
  const name = Buffer.from(payload.subarray(ENTRY_HEADER, ENTRY_HEADER + length));
  if (length > 0 && !isEntryName(name)) {
    throw new GuestProtocolError('invalid', 'An entry has a name that leads out of its directory.');
  }
  return {
    mode: payload.readUInt16LE(0) & 0o7777,
    mtimeNs: payload.readBigInt64LE(2) * 1_000_000_000n + BigInt(payload.readUInt32LE(10)),
    name,
    target: Buffer.from(payload.subarray(ENTRY_HEADER + length)),
  };
}

/** Whether it names something in a directory: no separator, no NUL, neither `.` nor `..`. */
export function isEntryName(name: Buffer): boolean {
  if (name.length === 0 || name.length > MAX_NAME || name.includes(0x2f) || name.includes(0)) return false;
  const text = name.toString('latin1');
  return text !== '.' && text !== '..';
}

/** Payload of HOLE. */
export function encodeHole(bytes: number): Buffer {
  const record = recordBuffer(CopyRecord.HOLE, 8);
  recordPayload(record).writeBigUInt64LE(BigInt(bytes));
  return record;
}

export function decodeHole(payload: Buffer): bigint {
  if (payload.length !== 8) throw new GuestProtocolError('invalid', 'HOLE is not a 64-bit number.');
  return payload.readBigUInt64LE();
}

/** Payload of FAILED: why the other end gave up. */
export function decodeFailed(payload: Buffer): { readonly errno: number; readonly message: string } {
  if (payload.length < 4) throw new GuestProtocolError('invalid', 'FAILED has no error number.');
  return { errno: payload.readUInt32LE(0), message: payload.toString('utf8', 4) };
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

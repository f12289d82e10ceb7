import { archiveError, showName } from './archive-error.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** The 512 bytes before each entry (POSIX ustar, GNU and v7 forms). Names are latin-1: one character a byte. */
export interface TarHeader {
  readonly name: string;
  readonly linkname: string;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

export function parseHeader(block: Buffer): TarHeader {
  if (!isTarHeader(block)) {
    throw archiveError('This is not a tar archive, or it is damaged: a header has the wrong checksum.');
  }
  const ustar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = ustar ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const full = prefix === '' ? name : `${prefix}/${name}`;
  const number = (offset: number, length: number) => parseNumber(block, offset, length, full);
  return {
    name: full,
    linkname: text(block, 157, 100),
    flag: String.fromCharCode(block[156] ?? 0),
    mode: number(100, 8),
    uid: number(108, 8),
    gid: number(116, 8),
    size: number(124, 12),
    mtime: number(136, 12),
    major: number(329, 8),
    minor: number(337, 8),
  };
}

/** What kind of thing an entry is. @throws when nook does not take such entries */
export function entryType(flag: string, name: string): EntryType {
  const type = TYPES[flag];
  if (type === undefined) {
    throw archiveError(
      `Entry ${showName(name)} is of a kind that nook does not take (type ${JSON.stringify(flag)}).`,
      'Make the archive with GNU tar, without --multi-volume and --listed-incremental.',
    );
  }
  return type === 'file' && name.endsWith('/') ? 'directory' : type;
}

function text(block: Buffer, offset: number, length: number): string {
  const value = block.toString('latin1', offset, offset + length);
  const end = value.indexOf('\0');
  return end === -1 ? value : value.slice(0, end);
}

/** Octal digits, or GNU's big-endian binary when the first bit is set. */
function parseNumber(block: Buffer, offset: number, length: number, name: string): number {
  let value = 0;
  if (((block[offset] ?? 0) & 0x80) !== 0) {
    if (block[offset] === 0xff) return negative(block.subarray(offset, offset + length), name);
    value = (block[offset] ?? 0) & 0x7f;
    for (let index = offset + 1; index < offset + length; index += 1) value = value * 256 + (block[index] ?? 0);
  } else {
    const digits = text(block, offset, length).trim();
    if (!/^[0-7]*$/.test(digits)) throw archiveError(`Entry ${showName(name)} has a damaged header.`);
    value = digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  if (!Number.isSafeInteger(value)) throw archiveError(`Entry ${showName(name)} declares a number that is too large.`);
  return value;
}

/** Two's complement over the whole field: GNU tar writes times before 1970 so. */
function negative(field: Buffer, name: string): number {
  const value = Number(BigInt.asIntN(field.length * 8, BigInt(`0x${field.toString('hex')}`)));
  if (!Number.isSafeInteger(value)) throw archiveError(`Entry ${showName(name)} declares a number that is too large.`);
  return value;
}

/** Whether a block of 512 bytes has the checksum of a header. */
export function isTarHeader(block: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index += 1) if (index < 148 || index >= 156) sum += block[index] ?? 0;
  return Number.parseInt(text(block, 148, 8).trim(), 8) === sum;
}

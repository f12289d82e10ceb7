// A reader of our own, because file names are bytes: the tar libraries at hand decode the names and attributes of
// extended headers as UTF-8, which loses them, and pass over an archive that ends before its end mark.
import { archiveError, showName } from './archive-error.ts';
import type { ByteSource } from './byte-source.ts';
import { parsePaxRecords } from './pax-records.ts';
import { type EntryType, entryType, parseHeader, type TarHeader } from './tar-header.ts';

export interface TarEntry {
  /** As in the archive, latin-1: one character a byte. */
  readonly name: string;
  readonly type: EntryType;
  readonly linkname: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /** The attribute `security.capability`, when the archive has it. */
  readonly capability?: Buffer;
  /** The content of a file; what is not read of it is skipped. */
  readonly body: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const MAX_EXTENDED = 2 ** 20;
const MAX_ID = 2 ** 32 - 2;
/** What ext4 can hold. */
const MAX_TIME = 2 ** 33;
const TRUNCATED = 'The archive ends in the middle: it was cut off.';

/** Entries of a tar archive, in its order. @throws NookError `bad_request` about what is wrong with it */
export async function* readTar(source: ByteSource): AsyncGenerator<TarEntry> {
  const global = new Map<string, Buffer>();
  let extended = new Map<string, Buffer>();
  for (;;) {
    const block = await source.take(BLOCK);
    if (block.length < BLOCK) throw archiveError(TRUNCATED);
    if (block.every((byte) => byte === 0)) return;
    const header = parseHeader(block);
    if ('xgLK'.includes(header.flag)) {
      const data = await readExtended(source, header);
      if (header.flag === 'L') extended.set('path', untilNul(data));
      else if (header.flag === 'K') extended.set('linkpath', untilNul(data));
      else for (const [key, value] of parsePaxRecords(data)) (header.flag === 'g' ? global : extended).set(key, value);
      continue;
    }
    const entry = toEntry(header, new Map([...global, ...extended]));
    extended = new Map();
    let left = entry.size;
    const body = (async function* () {
      for await (const piece of source.pieces(left)) {
        left -= piece.length;
        yield piece;
      }
      if (left > 0) throw archiveError(TRUNCATED);
    })();
    yield { ...entry, body };
    const padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    if (!(await skip(source, left + padding))) throw archiveError(TRUNCATED);
  }
}

function toEntry(header: TarHeader, extended: ReadonlyMap<string, Buffer>): Omit<TarEntry, 'body'> {
  const name = extended.get('path')?.toString('latin1') ?? header.name;
  for (const key of extended.keys()) {
    if (!key.startsWith('GNU.sparse.')) continue;
    throw archiveError(`Entry ${showName(name)} is stored as a sparse file.`, 'Make the archive without --sparse.');
  }
  const number = (key: string, fallback: number) => {
    const value = extended.get(key)?.toString('latin1') ?? '';
    if (value === '') return fallback;
    const parsed = Number(value);
    if (!/^-?\d+(\.\d*)?$/.test(value) || Math.abs(parsed) > Number.MAX_SAFE_INTEGER) {
      throw archiveError(`Entry ${showName(name)} has a damaged extended header (${key}).`);
    }
    return parsed;
  };
  const type = entryType(header.flag, name);
  const size = type === 'file' ? number('size', header.size) : 0;
  const [uid, gid] = [number('uid', header.uid), number('gid', header.gid)];
  if (!isWhole(size) || !isWhole(uid) || !isWhole(gid) || uid > MAX_ID || gid > MAX_ID) {
    throw archiveError(`Entry ${showName(name)} declares a size or an owner that cannot be.`);
  }
  const capability = extended.get('SCHILY.xattr.security.capability');
  return {
    name,
    type,
    linkname: extended.get('linkpath')?.toString('latin1') ?? header.linkname,
    mode: header.mode & 0o7777,
    uid,
    gid,
    size,
    mtime: Math.min(Math.max(number('mtime', header.mtime), 0), MAX_TIME),
    major: header.major,
    minor: header.minor,
    ...(capability === undefined ? {} : { capability }),
  };
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

async function readExtended(source: ByteSource, header: TarHeader): Promise<Buffer> {
  if (header.size > MAX_EXTENDED) throw archiveError('The archive has an extended header of over 1 MiB.');
  const data = await source.take(header.size);
  if (data.length < header.size) throw archiveError(TRUNCATED);
  if (!(await skip(source, (BLOCK - (header.size % BLOCK)) % BLOCK))) throw archiveError(TRUNCATED);
  return data;
}

async function skip(source: ByteSource, size: number): Promise<boolean> {
  let left = size;
  for await (const piece of source.pieces(size)) left -= piece.length;
  return left === 0;
}

function untilNul(data: Buffer): Buffer {
  const end = data.indexOf(0);
  return end === -1 ? data : data.subarray(0, end);
}

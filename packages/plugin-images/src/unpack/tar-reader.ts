// A reader of our own, because file names are bytes: the tar libraries at hand decode the names and attributes of
// extended headers as UTF-8, which loses them, and pass over an archive that ends before its end mark.
import { archiveError, showName } from './archive-error.ts';
import type { TarBytes } from './byte-source.ts';
import { parsePaxRecords } from './pax-records.ts';
import { readOldSparse, readPaxSparse, type Segment, type SparseFile } from './sparse-map.ts';
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
  /** Of a file, with its holes. */
  readonly size: number;
  /** Whole seconds since the epoch, rounded down, and what is beyond them. */
  readonly mtime: number;
  readonly nanoseconds: number;
  readonly major: number;
  readonly minor: number;
  /** Extended attributes by their names, latin-1. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Which stretches of the file {@link body} has, one after the other. */
  readonly segments: readonly Segment[];
  /** The stored content of a file; what is not read of it is skipped. */
  readonly body: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const MAX_EXTENDED = 2 ** 20;
const MAX_ID = 2 ** 32 - 2;
/** What ext4 can hold. */
const MIN_TIME = -(2 ** 31);
const MAX_TIME = 2 ** 34 - 2 ** 31 - 1;
const TRUNCATED = 'The archive ends in the middle: it was cut off.';
const XATTR = 'SCHILY.xattr.';
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

interface ReadOptions {
  /** Lets the archive end after any entry without the end mark, as layers of some tools do: whether it is whole is known by its digest. */
  readonly unmarkedEnd?: boolean;
}

/** Entries of a tar archive, in its order. @throws NookError `bad_request` about what is wrong with it */
export async function* readTar(source: TarBytes, { unmarkedEnd = false }: ReadOptions = {}): AsyncGenerator<TarEntry> {
  const global = new Map<string, Buffer>();
  let extended = new Map<string, Buffer>();
  for (;;) {
    const block = await source.take(BLOCK);
    if (block.length === 0 && unmarkedEnd && extended.size === 0) return;
    if (block.length < BLOCK) throw archiveError(TRUNCATED);
    if (isZero(block)) return;
    const header = parseHeader(block);
    if ('xgLK'.includes(header.flag)) {
      const data = await readExtended(source, header);
      if (header.flag === 'L') extended.set('path', untilNul(data));
      else if (header.flag === 'K') extended.set('linkpath', untilNul(data));
      else for (const [key, value] of parsePaxRecords(data)) (header.flag === 'g' ? global : extended).set(key, value);
      continue;
    }
    const records = global.size === 0 ? extended : new Map([...global, ...extended]);
    const entry = toEntry(header, records);
    extended = new Map();
    const padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    const sparse = await sparseOf({ block, header, records, entry, source });
    let left = sparse?.stored ?? entry.size;
    const body = (async function* () {
      for await (const piece of source.pieces(left)) {
        left -= piece.length;
        yield piece;
      }
      if (left > 0) throw archiveError(TRUNCATED);
    })();
    const size = sparse?.size ?? entry.size;
    const segments = sparse?.segments ?? (size === 0 ? [] : [{ offset: 0, length: size }]);
    yield { ...entry, size, segments, body };
    if (!(await source.skip(left + padding))) throw archiveError(TRUNCATED);
  }
}

interface Stored {
  readonly block: Buffer;
  readonly header: TarHeader;
  readonly records: ReadonlyMap<string, Buffer>;
  readonly entry: { readonly name: string; readonly type: EntryType; readonly size: number };
  readonly source: TarBytes;
}

async function sparseOf({ block, header, records, entry, source }: Stored): Promise<SparseFile | undefined> {
  if (entry.type !== 'file') return undefined;
  if (header.flag === 'S') return readOldSparse(block, entry.size, source, entry.name);
  const sparse = ['GNU.sparse.major', 'GNU.sparse.map', 'GNU.sparse.size', 'GNU.sparse.realsize'];
  if (!sparse.some((key) => records.has(key))) return undefined;
  return readPaxSparse(records, entry.size, source, entry.name);
}

function toEntry(header: TarHeader, extended: ReadonlyMap<string, Buffer>): Omit<TarEntry, 'body' | 'segments'> {
  const path = extended.get('GNU.sparse.name') ?? extended.get('path');
  const name = path?.toString('latin1') ?? header.name;
  const number = (key: string, fallback: number) => {
    const value = extended.get(key)?.toString('latin1') ?? '';
    if (value === '') return fallback;
    const parsed = Number(value);
    if (!/^-?\d+$/.test(value) || Math.abs(parsed) > Number.MAX_SAFE_INTEGER) throw damaged(name, key);
    return parsed;
  };
  const type = entryType(header.flag, name);
  const size = type === 'file' ? number('size', header.size) : 0;
  const [uid, gid] = [number('uid', header.uid), number('gid', header.gid)];
  if (!isWhole(size) || !isWhole(uid) || !isWhole(gid) || uid > MAX_ID || gid > MAX_ID) {
    throw archiveError(`Entry ${showName(name)} declares a size or an owner that cannot be.`);
  }
  return {
    name,
    type,
    linkname: extended.get('linkpath')?.toString('latin1') ?? header.linkname,
    mode: header.mode & 0o7777,
    uid,
    gid,
    size,
    ...timeOf(extended.get('mtime')?.toString('latin1') ?? '', header.mtime, name),
    major: header.major,
    minor: header.minor,
    xattrs: xattrsOf(extended),
  };
}

function timeOf(text: string, fallback: number, name: string): { mtime: number; nanoseconds: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (text !== '' && match === null) throw damaged(name, 'mtime');
  let mtime = match === null ? fallback : Number(match[2]);
  let nanoseconds = Number((match?.[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match?.[1] === '-') {
    mtime = nanoseconds === 0 ? -mtime : -mtime - 1;
    nanoseconds = nanoseconds === 0 ? 0 : 1e9 - nanoseconds;
  }
  if (mtime < MIN_TIME) return { mtime: MIN_TIME, nanoseconds: 0 };
  if (mtime > MAX_TIME) return { mtime: MAX_TIME, nanoseconds: 0 };
  return { mtime: mtime + 0, nanoseconds };
}

function xattrsOf(extended: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  let found: Map<string, Buffer> | undefined;
  for (const [key, value] of extended) {
    if (!key.startsWith(XATTR)) continue;
    found ??= new Map();
    found.set(key.slice(XATTR.length), value);
  }
  return found ?? NO_XATTRS;
}

function damaged(name: string, key: string) {
  return archiveError(`Entry ${showName(name)} has a damaged extended header (${key}).`);
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0);
}

async function readExtended(source: TarBytes, header: TarHeader): Promise<Buffer> {
  if (header.size > MAX_EXTENDED) throw archiveError('The archive has an extended header of over 1 MiB.');
  const data = await source.take(header.size);
  if (data.length < header.size) throw archiveError(TRUNCATED);
  if (!(await source.skip((BLOCK - (header.size % BLOCK)) % BLOCK))) throw archiveError(TRUNCATED);
  return data;
}

function untilNul(data: Buffer): Buffer {
  const end = data.indexOf(0);
  return end === -1 ? data : data.subarray(0, end);
}

// Sparse files as GNU tar stores them: https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html
import { archiveError, showName } from './archive-error.ts';
import type { TarBytes } from './byte-source.ts';

/** A stretch of a sparse file that is stored; all between is zero. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
}

export interface SparseFile {
  /** Of the file, with its holes. */
  readonly size: number;
  /** In ascending order, apart from each other. */
  readonly segments: readonly Segment[];
  /** Bytes that the entry keeps in the archive after the map. */
  readonly stored: number;
}

const BLOCK = 512;
const MAX_SEGMENTS = 500_000;
const MAX_SIZE = 2 ** 44 - 4096;

/** The old form: four pairs in the header at 386, 21 more in each block that follows while a flag says so. */
export async function readOldSparse(
  block: Buffer,
  stored: number,
  source: TarBytes,
  name: string,
): Promise<SparseFile> {
  const segments: Segment[] = [];
  const size = oldNumber(block, 483, name);
  addPairs(segments, block.subarray(386, 386 + 96), name);
  for (let more = block[482] !== 0; more; ) {
    const next = await source.take(BLOCK);
    if (next.length < BLOCK || segments.length > MAX_SEGMENTS) throw damaged(name);
    addPairs(segments, next.subarray(0, 504), name);
    more = next[504] !== 0;
  }
  return checked({ size, segments, stored }, name);
}

/** The forms of extended headers: the map is in the header, or (1.0) at the beginning of the content. */
export async function readPaxSparse(
  extended: ReadonlyMap<string, Buffer>,
  stored: number,
  source: TarBytes,
  name: string,
): Promise<SparseFile> {
  const text = (key: string) => extended.get(key)?.toString('latin1');
  const size = whole(text('GNU.sparse.realsize') ?? text('GNU.sparse.size') ?? '', name);
  if (text('GNU.sparse.major') === '1' && text('GNU.sparse.minor') === '0') {
    const { numbers, bytes } = await readMap(source, stored, name);
    return checked({ size, segments: pairs(numbers), stored: stored - bytes }, name);
  }
  const map = text('GNU.sparse.map') ?? '';
  const numbers = map === '' ? [] : map.split(',').map((digits) => whole(digits, name));
  if (numbers.length % 2 !== 0) throw damaged(name);
  return checked({ size, segments: pairs(numbers), stored }, name);
}

async function readMap(source: TarBytes, stored: number, name: string) {
  const numbers: number[] = [];
  let bytes = 0;
  let text = '';
  let wanted = 1;
  while (numbers.length < wanted) {
    const end = text.indexOf('\n');
    if (end === -1) {
      if (text.length > 20 || bytes + BLOCK > stored) throw damaged(name);
      text += (await source.take(BLOCK)).toString('latin1');
      bytes += BLOCK;
      continue;
    }
    numbers.push(whole(text.slice(0, end), name));
    text = text.slice(end + 1);
    if (numbers.length === 1) wanted = 1 + 2 * (numbers[0] ?? 0);
    if (wanted > 2 * MAX_SEGMENTS) throw damaged(name);
  }
  return { numbers: numbers.slice(1), bytes };
}

function addPairs(segments: Segment[], area: Buffer, name: string): void {
  for (let at = 0; at + 24 <= area.length; at += 24) {
    if (area[at] === 0) return;
    segments.push({ offset: oldNumber(area, at, name), length: oldNumber(area, at + 12, name) });
  }
}

function pairs(numbers: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    segments.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return segments;
}

function checked(file: SparseFile, name: string): SparseFile {
  const segments = file.segments.filter(({ length }) => length > 0);
  let end = 0;
  let stored = 0;
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > file.size) throw damaged(name);
    end = offset + length;
    stored += length;
  }
  if (file.size > MAX_SIZE || stored !== file.stored) throw damaged(name);
  return { ...file, segments };
}

function oldNumber(area: Buffer, offset: number, name: string): number {
  const field = area.subarray(offset, offset + 12);
  if (((field[0] ?? 0) & 0x80) === 0) {
    const digits = field.toString('latin1').replace(/[\0 ].*$/s, '');
    if (!/^[0-7]+$/.test(digits)) throw damaged(name);
    return Number.parseInt(digits, 8);
  }
  const value = field.readUIntBE(6, 6);
  if (field.readUIntBE(1, 5) !== 0 || field[0] !== 0x80) throw damaged(name);
  return value;
}

function whole(digits: string, name: string): number {
  const value = Number(digits);
  if (!/^\d{1,16}$/.test(digits) || !Number.isSafeInteger(value)) throw damaged(name);
  return value;
}

function damaged(name: string) {
  return archiveError(`Entry ${showName(name)} has a map of its holes that cannot be.`);
}

import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { NookError } from '@nook/daemonapi';
import {
  CopyRecord,
  encodeEntry,
  encodeHole,
  encodeRecord,
  MAX_COPY_DEPTH,
  recordBuffer,
  recordPayload,
} from '@nook/guest';
import { printable } from '../printable.ts';
import { fileError, isSystemError } from './file-error.ts';
import { OpenDirectory } from './open-directory.ts';
import type { Tally } from './tally.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** A record of this much fits a frame of the guest whole, and reads are aligned. */
const PIECE = 60 * 1024;
const ZEROS = Buffer.alloc(PIECE);

/** A place in the tree: how it is opened, what it is called in the stream, how messages name it. */
interface Place {
  readonly path: string | Buffer;
  readonly name: Buffer;
  readonly shown: string;
  readonly depth: number;
}

/**
 * The records of a file or a tree of the host. Symlinks are never followed below `path`.
 * @param follow whether `path` itself is followed when it is a symlink
 * @throws NookError `not_found`, `operation_failed` with the file that cannot be read
 */
export function* packTree(path: string, follow: boolean, tally: Tally): Generator<Buffer> {
  const first = { path, name: Buffer.alloc(0), shown: path, depth: 0 };
  yield* packEntry(first, follow, tally);
  yield encodeRecord(CopyRecord.DONE);
}

function* packEntry(place: Place, follow: boolean, tally: Tally): Generator<Buffer> {
  if (place.depth > MAX_COPY_DEPTH) {
    throw new NookError(
      'operation_failed',
      `${printable(place.shown)} lies too deep: more than ${MAX_COPY_DEPTH} directories.`,
    );
  }
  const about = look(place);
  if (about?.isSymbolicLink() && !follow) {
    tally.entry('symlinks');
    const target = attempt(place, 'cannot be read', () => readlinkSync(place.path, { encoding: 'buffer' }));
    yield encodeEntry(CopyRecord.SYMLINK, { ...attributes(about), name: place.name, target });
  } else if (about?.isDirectory() || about?.isFile() || about?.isSymbolicLink()) {
    yield* packOpened(place, follow, tally);
  } else if (about) {
    const why = 'is neither a file, nor a directory, nor a symlink';
    if (place.depth === 0) throw new NookError('operation_failed', `${printable(place.shown)} ${why}.`);
    tally.skip(`${place.shown}: ${why}`);
  }
}

/** What vanished since its directory was listed was not there. */
function look(place: Place): BigIntStats | undefined {
  try {
    return lstatSync(place.path, { bigint: true });
  } catch (error) {
    if (place.depth > 0 && isSystemError(error, 'ENOENT')) return undefined;
    throw fileError(place.shown, 'cannot be read', error);
  }
}

function* packOpened(place: Place, follow: boolean, tally: Tally): Generator<Buffer> {
  const fd = attempt(place, 'cannot be read', () =>
    openSync(place.path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW)),
  );
  try {
    const about = fstatSync(fd, { bigint: true });
    const entry = { ...attributes(about), name: place.name };
    if (about.isDirectory()) {
      tally.entry('directories');
      yield encodeEntry(CopyRecord.DIRECTORY, entry);
      yield* packDirectory(fd, place, tally);
      yield encodeRecord(CopyRecord.UP);
    } else if (about.isFile()) {
      tally.entry('files');
      yield encodeEntry(CopyRecord.FILE, entry);
      yield* packBytes(fd, about, { place, tally });
      yield encodeRecord(CopyRecord.CLOSE);
    } else {
      throw new NookError('operation_failed', `${printable(place.shown)} changed while it was copied.`);
    }
  } finally {
    closeSync(fd);
  }
}

function* packDirectory(fd: number, place: Place, tally: Tally): Generator<Buffer> {
  using directory = new OpenDirectory(`/proc/self/fd/${fd}`, { follow: true });
  const names = attempt(place, 'cannot be listed', () => readdirSync(directory.path, { encoding: 'buffer' }));
  for (const name of names) {
    const shown = `${place.shown.replace(/\/$/, '')}/${name}`;
    yield* packEntry({ path: directory.at(name), name, shown, depth: place.depth + 1 }, false, tally);
  }
}

/** A file is read as long as it was when it was opened; what the kernel makes up has size 0 and is read to its end. */
function* packBytes(
  fd: number,
  about: BigIntStats,
  { place, tally }: { place: Place; tally: Tally },
): Generator<Buffer> {
  const sparse = about.blocks * 512n < about.size;
  let left = about.size === 0n ? Number.POSITIVE_INFINITY : Number(about.size);
  while (left > 0) {
    const record = recordBuffer(CopyRecord.DATA, Math.min(left, PIECE));
    const payload = recordPayload(record);
    const got = attempt(place, 'cannot be read', () => readSync(fd, payload, 0, payload.length, null));
    if (got === 0) return;
    left -= got;
    tally.data(got);
    if (sparse && payload.subarray(0, got).equals(ZEROS.subarray(0, got))) yield encodeHole(got);
    else if (got === payload.length) yield record;
    else yield encodeRecord(CopyRecord.DATA, payload.subarray(0, got));
  }
}

function attributes(about: BigIntStats): { mode: number; mtimeNs: bigint } {
  return { mode: Number(about.mode & 0o7777n), mtimeNs: about.mtimeNs };
}

function attempt<T>(place: Place, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(place.shown, what, error);
  }
}

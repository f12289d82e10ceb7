import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { type CopyEntry, CopyRecord, decodeEntry, decodeFailed, decodeHole, MAX_COPY_DEPTH } from '@nook/guest';
import { printable } from '../printable.ts';
import { fileError } from './file-error.ts';
import { HostPlace, type HostTarget } from './host-place.ts';
import { OpenDirectory } from './open-directory.ts';
import type { Tally } from './tally.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const SET_IDS = 0o6000;
const MAX_LENGTH = Number.MAX_SAFE_INTEGER;

interface Level {
  readonly directory: OpenDirectory;
  readonly entry: CopyEntry;
}

export interface TreeWriterOptions {
  /** Also keep setuid and setgid bits. */
  readonly preserve: boolean;
  readonly tally: Tally;
}

/**
 * Makes files of what a guest sends. It trusts nothing of it: everything is made anew below a fresh directory of its
 * own, by single names in directories that it made itself, so that no name and no symlink leads elsewhere.
 */
export class TreeWriter implements Disposable {
  readonly #target: HostTarget;
  readonly #options: TreeWriterOptions;
  #place: HostPlace | undefined;
  readonly #levels: Level[] = [];
  #file: { fd: number; entry: CopyEntry; length: number } | undefined;
  #complete = false;
  #done = false;

  constructor(target: HostTarget, options: TreeWriterOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** The guest has said that this was all. */
  get done(): boolean {
    return this.#done;
  }

  /** @throws NookError when the record makes no sense, goes beyond a limit, or cannot be carried out */
  take(kind: number, payload: Buffer): void {
    if (this.#done) throw nonsense();
    if (kind === CopyRecord.DATA) this.#write(payload);
    else if (kind === CopyRecord.HOLE) this.#leaveHole(decodeHole(payload));
    else if (kind === CopyRecord.CLOSE) this.#closeFile();
    else if (kind === CopyRecord.UP) this.#leave();
    else if (kind === CopyRecord.SKIPPED) this.#options.tally.skip(payload);
    else if (kind === CopyRecord.FAILED) throw guestFailure(payload);
    else if (kind === CopyRecord.DONE) this.#finish();
    else if (kind === CopyRecord.DIRECTORY) this.#enter(decodeEntry(payload));
    else if (kind === CopyRecord.FILE) this.#openFile(decodeEntry(payload));
    else if (kind === CopyRecord.SYMLINK) this.#link(decodeEntry(payload));
    else throw nonsense();
  }

  /** Puts the whole copy in its place. */
  commit(): void {
    if (!this.#done || !this.#place) throw nonsense();
    const { shown } = this.#place;
    attempt(shown, 'cannot be put in place', () => this.#place?.commit());
  }

  /** Removes what was not committed. */
  [Symbol.dispose](): void {
    if (this.#file) closeSync(this.#file.fd);
    for (const { directory } of this.#levels) directory[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
  }

  #enter(entry: CopyEntry): void {
    this.#options.tally.entry('directories');
    const path = this.#begin(entry, true);
    if (this.#levels.length === MAX_COPY_DEPTH) throw new NookError('operation_failed', 'The tree is nested too deep.');
    const directory = this.#attempt(entry, () => {
      mkdirSync(path, 0o700);
      return new OpenDirectory(path);
    });
    this.#levels.push({ directory, entry });
  }

  #leave(): void {
    const level = this.#file ? undefined : this.#levels.pop();
    if (!level) throw nonsense();
    const { directory, entry } = level;
    try {
      this.#attempt(entry, () => this.#setAttributes(directory.fd, entry));
    } finally {
      directory[Symbol.dispose]();
    }
    this.#complete = this.#levels.length === 0;
  }

  #openFile(entry: CopyEntry): void {
    this.#options.tally.entry('files');
    const path = this.#begin(entry, false);
    const fd = this.#attempt(entry, () => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    this.#file = { fd, entry, length: 0 };
  }

  #write(bytes: Buffer): void {
    const file = this.#file;
    if (!file) throw nonsense();
    this.#options.tally.data(bytes.length);
    this.#attempt(file.entry, () => {
      for (let at = 0; at < bytes.length; ) {
        const wrote = writeSync(file.fd, bytes, at, bytes.length - at, file.length);
        at += wrote;
        file.length += wrote;
      }
    });
  }

  #leaveHole(bytes: bigint): void {
    const file = this.#file;
    if (!file || bytes > BigInt(MAX_LENGTH - file.length)) throw nonsense();
    file.length += Number(bytes);
  }

  #closeFile(): void {
    const file = this.#file;
    if (!file) throw nonsense();
    this.#attempt(file.entry, () => {
      ftruncateSync(file.fd, file.length);
      this.#setAttributes(file.fd, file.entry);
    });
    this.#file = undefined;
    closeSync(file.fd);
    this.#complete = this.#levels.length === 0;
  }

  #link(entry: CopyEntry): void {
    this.#options.tally.entry('symlinks');
    if (entry.target.length === 0 || entry.target.includes(0)) throw nonsense();
    const path = this.#begin(entry, false);
    this.#attempt(entry, () => {
      symlinkSync(entry.target, path);
      const time = seconds(entry.mtimeNs);
      lutimesSync(path, time, time);
    });
    this.#complete = this.#levels.length === 0;
  }

  /** Where an entry is made. Only the first one has no name. */
  #begin({ name }: CopyEntry, tree: boolean): Buffer {
    const inner = this.#levels.at(-1);
    if (this.#complete || this.#file || (inner === undefined) !== (name.length === 0)) throw nonsense();
    if (inner) return inner.directory.at(name);
    this.#place = new HostPlace(this.#target, tree);
    return this.#place.staged;
  }

  #setAttributes(fd: number, { mode, mtimeNs }: CopyEntry): void {
    fchmodSync(fd, this.#options.preserve ? mode : mode & ~SET_IDS);
    futimesSync(fd, Date.now() / 1000, seconds(mtimeNs));
  }

  #finish(): void {
    if (!this.#complete) throw nonsense();
    this.#done = true;
  }

  #attempt<T>(entry: CopyEntry, work: () => T): T {
    const names = [...this.#levels.map((level) => level.entry.name), entry.name].filter((name) => name.length > 0);
    return attempt([this.#place?.shown ?? this.#target.path, ...names].join('/'), 'cannot be written', work);
  }
}

function attempt<T>(shown: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(shown, what, error);
  }
}

/** Of floating point numbers for times of this century. */
const PRECISION = 2 ** -22;

/** Node.js takes times as floating point, exact to a quarter of a microsecond: upwards, so that microseconds are kept. */
function seconds(mtimeNs: bigint): number {
  const rest = mtimeNs % 1_000_000_000n;
  const whole = Number((mtimeNs - rest) / 1_000_000_000n);
  const part = Number(rest) / 1e9;
  const time = whole + part;
  return time - whole < part ? time + PRECISION : time;
}

function nonsense(): NookError {
  return new NookError('operation_failed', 'The guest sent a copy that makes no sense; nothing of it was kept.');
}

/** FAILED, as an error of this command. */
export function guestFailure(payload: Buffer): NookError {
  const { errno, message } = decodeFailed(payload);
  return new NookError(errno === 2 ? 'not_found' : 'operation_failed', `In the guest: ${printable(message)}.`);
}

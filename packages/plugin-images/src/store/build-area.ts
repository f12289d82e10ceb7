import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '@nook/daemonapi';
import { findProgram } from '../processes/environment.ts';
import { type FileLock, lockFile, tryLockFile } from '../processes/file-lock.ts';
import { runProgram } from '../processes/run-program.ts';
import type { StoreLayout } from './layout.ts';

/** A place to build something in, owned through the lock of its key. Disposing removes it and frees the lock. */
export interface BuildPlace extends AsyncDisposable {
  /** In the store, 0700. */
  readonly directory: string;
  readonly lockFd: number;
  /** Makes, once, a directory under /tmp that other users can reach but not list: programs in user namespaces need such. */
  scratch(): Promise<string>;
}

const WAIT_SECONDS = 30 * 60;
/** Names, in a place, the scratch directory that belongs to it, so that a later sweep finds it. */
const SCRATCH_NOTE = 'scratch';
const SCRATCH_PREFIX = 'nook-build-';

/** The half-made things of a store. Whoever holds a key's lock owns every place of that key. */
export class BuildArea {
  readonly #layout: StoreLayout;
  readonly #log: Logger;

  constructor(layout: StoreLayout, log: Logger) {
    this.#layout = layout;
    this.#log = log;
  }

  /** Waits for the key's lock, removes what killed owners left under it, and makes a fresh place. */
  async open(key: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<BuildPlace> {
    await this.#layout.create();
    const lock = await lockFile(this.#layout.lock(key), { signal, waitSeconds: WAIT_SECONDS, onWait });
    try {
      await this.#removeAll(key);
      const directory = await mkdtemp(join(this.#layout.building, `${key}.`));
      let scratch: Promise<string> | undefined;
      return {
        directory,
        lockFd: lock.fd,
        scratch: () => {
          scratch ??= makeScratch(directory);
          return scratch;
        },
        [Symbol.asyncDispose]: () => this.#close(directory, lock),
      };
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes what killed builds left, of every key that nobody holds. */
  async sweep(signal: AbortSignal): Promise<void> {
    await this.#layout.create();
    const keys = new Set((await readdir(this.#layout.building)).map(keyOf));
    for (const key of keys) {
      signal.throwIfAborted();
      const lock = await tryLockFile(this.#layout.lock(key));
      if (lock === undefined) continue;
      await using _held = lock;
      await this.#removeAll(key);
    }
  }

  async #removeAll(key: string): Promise<void> {
    for (const name of await readdir(this.#layout.building)) {
      if (keyOf(name) !== key) continue;
      this.#log.warn({ leftover: name }, 'removing what a killed build left');
      await removePlace(join(this.#layout.building, name));
    }
  }

  async #close(directory: string, lock: FileLock): Promise<void> {
    try {
      await removePlace(directory);
    } catch (error) {
      this.#log.warn({ err: error, directory }, 'could not remove a build directory; the next pull tries again');
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }
}

function keyOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

async function makeScratch(directory: string): Promise<string> {
  const scratch = join(tmpdir(), `${SCRATCH_PREFIX}${basename(directory)}`);
  await writeFile(join(directory, SCRATCH_NOTE), scratch, { mode: 0o600 });
  await mkdir(scratch);
  await chmod(scratch, 0o711);
  return scratch;
}

async function removePlace(directory: string): Promise<void> {
  const scratch = await readFile(join(directory, SCRATCH_NOTE), 'utf8').catch(() => undefined);
  if (scratch !== undefined && basename(scratch) === `${SCRATCH_PREFIX}${basename(directory)}`) {
    await removeScratch(scratch);
  }
  await rm(directory, { recursive: true, force: true });
}

/** Files in it may belong to subordinate users, which only root of a namespace with their mapping may remove. */
async function removeScratch(scratch: string): Promise<void> {
  try {
    await rm(scratch, { recursive: true, force: true });
  } catch (error) {
    if (process.getuid?.() === 0 || findProgram('newuidmap') === undefined) throw error;
    await runProgram('unshare', ['--map-auto', '--map-root-user', 'rm', '-rf', scratch], {
      signal: AbortSignal.timeout(60_000),
      cwd: dirname(scratch),
    });
  }
}

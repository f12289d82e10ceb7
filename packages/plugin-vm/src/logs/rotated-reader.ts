import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { olderFile } from '@nook/wire';

const PIECE = 64 * 1024;

export interface Following {
  readonly signal: AbortSignal;
  /** Whether more may be written. */
  running(): boolean;
  /** Calls back when that may have changed; answers the call that ends this. */
  onChange(listener: () => void): () => void;
}

/** All that a rotated log holds, and with `following` what is added to it until it ends. @throws as `open` does */
export async function* readRotated(path: string, following?: Following): AsyncGenerator<Buffer> {
  await using current = new Current(await open(path, 'r'));
  yield* olderPart(path, await current.identity());
  if (!following) {
    yield* current.rest();
    return;
  }
  using changes = new Changes(path, following);
  while (!following.signal.aborted) {
    const changed = changes.next();
    const running = following.running();
    yield* current.rest();
    const successor = await current.successor(path);
    if (successor) {
      // What was written between the last look and the renaming.
      yield* current.rest();
      await current.become(successor);
    } else if (!running) return;
    else await changed;
  }
}

/** Nothing when the rotation came in between, and the older part is the file that is open already. */
async function* olderPart(path: string, current: bigint): AsyncGenerator<Buffer> {
  const file = await open(olderFile(path), 'r').catch(() => undefined);
  if (!file) return;
  await using older = new Current(file);
  if ((await older.identity()) !== current) yield* older.rest();
}

/** The file that is being read. */
class Current implements AsyncDisposable {
  #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async identity(): Promise<bigint> {
    return (await this.#file.stat({ bigint: true })).ino;
  }

  /** From where it stands to the end. */
  async *rest(): AsyncGenerator<Buffer> {
    for (;;) {
      const buffer = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await this.#file.read(buffer, 0, PIECE, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** The file that stands at the path now, when it is another one. */
  async successor(path: string): Promise<FileHandle | undefined> {
    const there = await stat(path, { bigint: true }).catch(() => undefined);
    if (!there || there.ino === (await this.identity())) return undefined;
    return open(path, 'r').catch(() => undefined);
  }

  async become(file: FileHandle): Promise<void> {
    await this.#file.close();
    this.#file = file;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

/** Tells of changes of a file, also of its replacement: what is watched is its directory. */
class Changes implements Disposable {
  readonly #watcher: FSWatcher;
  readonly #end: () => void;
  #wake: () => void = () => {};

  constructor(path: string, { signal, onChange }: Following) {
    const name = basename(path);
    this.#end = onChange(() => this.#wake());
    this.#watcher = watch(dirname(path), { signal }, (_event, file) => {
      if (file === null || file === name) this.#wake();
    });
    this.#watcher.on('error', () => this.#wake());
    this.#watcher.on('close', () => this.#wake());
  }

  /** Resolves with the next change after this call. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  [Symbol.dispose](): void {
    this.#end();
    this.#watcher.close();
  }
}

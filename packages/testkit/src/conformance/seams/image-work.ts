import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageWork } from '@nook/daemonapi';
import type { Box } from '../../box.ts';

/** What a store of images lends to a source, and takes away again. */
export class LentWork implements AsyncDisposable {
  readonly work: ImageWork;
  readonly #around: string;
  readonly #scratch: string[] = [];
  readonly #close: () => Promise<void>;

  static async create(box: Box, signal: AbortSignal = new AbortController().signal): Promise<LentWork> {
    const around = await mkdtemp(join(box.home, 'work-'));
    const directory = join(around, 'source');
    await mkdir(directory, { mode: 0o700 });
    const lock = await open(join(box.home, 'work.lock'), 'w');
    return new LentWork(around, { directory, signal, lockFd: lock.fd, close: () => lock.close() });
  }

  private constructor(
    around: string,
    { close, ...lent }: Pick<ImageWork, 'directory' | 'signal' | 'lockFd'> & { close: () => Promise<void> },
  ) {
    this.#around = around;
    this.#close = close;
    this.work = { ...lent, progress: () => {}, scratch: () => this.#makeScratch() };
  }

  /** @throws AssertionError when something stands beside the folder that was lent */
  async examine(what: string): Promise<void> {
    const beside = (await readdir(this.#around)).filter((name) => name !== 'source');
    assert.deepEqual(beside, [], `${what} wrote outside of its directory`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    for (const path of [this.#around, ...this.#scratch]) await rm(path, { recursive: true, force: true });
  }

  async #makeScratch(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'nook-scratch-'));
    this.#scratch.push(path);
    return path;
  }
}

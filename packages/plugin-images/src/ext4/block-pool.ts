import { NookError } from '@nook/daemonapi';
import type { Volume } from './volume.ts';

export interface Run {
  readonly first: number;
  readonly count: number;
}

/** Hands out the free blocks of a volume, ascending; what was given back comes first. */
export class BlockPool {
  readonly #volume: Volume;
  readonly #returned: Run[] = [];
  #next = 0;

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  /** Between one and `wanted` blocks that follow each other. @throws when the volume is full */
  take(wanted: number): Run {
    const reused = this.#returned.pop();
    if (reused !== undefined) {
      const count = Math.min(wanted, reused.count);
      if (count < reused.count) this.#returned.push({ first: reused.first + count, count: reused.count - count });
      this.#volume.mark(reused.first, count, true);
      return { first: reused.first, count };
    }
    const { size } = this.#volume;
    while (this.#next < size && !this.#volume.isFree(this.#next)) this.#next += 1;
    const first = this.#next;
    if (first >= size) {
      throw new NookError('bad_request', 'The files do not fit the size of the disk.', {
        hint: 'Raise [images] size in config.toml.',
      });
    }
    while (this.#next < size && this.#next - first < wanted && this.#volume.isFree(this.#next)) this.#next += 1;
    const count = this.#next - first;
    this.#volume.mark(first, count, true);
    return { first, count };
  }

  giveBack(run: Run): void {
    this.#volume.mark(run.first, run.count, false);
    this.#returned.push(run);
  }
}

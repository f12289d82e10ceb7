import { NookError } from '@nook/daemonapi';
import { formatSize } from '../../size.ts';
import { printable } from '../printable.ts';

const SHOWN = 20;

export interface CopyLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** What a copy has moved so far, and what it passed over. */
export class Tally {
  files = 0;
  directories = 0;
  symlinks = 0;
  bytes = 0;
  readonly #limits: CopyLimits;
  readonly #skipped: string[] = [];
  #skips = 0;

  constructor(limits: CopyLimits = { bytes: Number.POSITIVE_INFINITY, entries: Number.POSITIVE_INFINITY }) {
    this.#limits = limits;
  }

  /** @throws NookError `operation_failed` beyond the limit */
  entry(kind: 'files' | 'directories' | 'symlinks'): void {
    this[kind]++;
    if (this.files + this.directories + this.symlinks <= this.#limits.entries) return;
    throw new NookError('operation_failed', `There are more than ${this.#limits.entries} files to copy.`, {
      hint: 'Allow more with --max-entries, or copy a smaller part.',
    });
  }

  /** @throws NookError `operation_failed` beyond the limit */
  data(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.#limits.bytes) return;
    const limit = formatSize(Math.floor(this.#limits.bytes / 1024 ** 2) * 1024 ** 2);
    throw new NookError('operation_failed', `There is more than ${limit} to copy.`, {
      hint: 'Allow more with --max-size, or copy a smaller part.',
    });
  }

  skip(what: string | Buffer): void {
    this.#skips++;
    if (this.#skipped.length < SHOWN) this.#skipped.push(printable(what));
  }

  /** One sentence for each thing that was passed over, as far as they can be listed. */
  get remarks(): readonly string[] {
    const more = this.#skips - this.#skipped.length;
    return [
      ...this.#skipped.map((what) => `not copied: ${what}`),
      ...(more > 0 ? [`not copied: ${more} more of the same`] : []),
    ];
  }

  get counts(): { files: number; directories: number; symlinks: number; bytes: number; skipped: number } {
    const { files, directories, symlinks, bytes } = this;
    return { files, directories, symlinks, bytes, skipped: this.#skips };
  }
}

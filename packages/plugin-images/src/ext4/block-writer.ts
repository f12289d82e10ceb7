import type { Volume } from './volume.ts';

const BUFFER = 2 ** 20;

/** Gathers writes that follow each other: most files are smaller than what a write is worth. */
export class BlockWriter {
  readonly #volume: Volume;
  readonly #buffer = Buffer.alloc(BUFFER);
  #start = 0;
  #used = 0;

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  write(data: Uint8Array, position: number): void {
    if (position !== this.#start + this.#used || this.#used + data.length > BUFFER) this.flush();
    if (data.length > BUFFER) {
      this.#volume.write(data, position);
      return;
    }
    if (this.#used === 0) this.#start = position;
    this.#buffer.set(data, this.#used);
    this.#used += data.length;
  }

  flush(): void {
    if (this.#used > 0) this.#volume.write(this.#buffer.subarray(0, this.#used), this.#start);
    this.#used = 0;
  }
}

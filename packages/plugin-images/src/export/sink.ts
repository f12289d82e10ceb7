import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

const BUFFER = 2 ** 20;

/** A file that is written from its beginning on. What goes through it can be hashed. */
export class Sink {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(BUFFER);
  #used = 0;
  #hash: ReturnType<typeof createHash> | undefined;
  /** Bytes so far. */
  position = 0;

  /** @param path of a file that is not there yet */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  write(data: Uint8Array): void {
    this.#hash?.update(data);
    this.position += data.length;
    if (this.#used + data.length > BUFFER) this.#flush();
    if (data.length >= BUFFER) this.#writeAll(data, data.length);
    else {
      this.#buffer.set(data, this.#used);
      this.#used += data.length;
    }
  }

  /** Hashes what `act` writes. @returns 64 hex digits */
  hashed(act: () => void): string {
    this.#hash = createHash('sha256');
    act();
    const hex = this.#hash.digest('hex');
    this.#hash = undefined;
    return hex;
  }

  /** Overwrites what was written before. */
  patch(data: Uint8Array, position: number): void {
    this.#flush();
    for (let done = 0; done < data.length; )
      done += writeSync(this.#fd, data, done, data.length - done, position + done);
  }

  /** Brings all of it onto the disk. */
  finish(): void {
    this.#flush();
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    this.#writeAll(this.#buffer, this.#used);
    this.#used = 0;
  }

  #writeAll(data: Uint8Array, length: number): void {
    for (let done = 0; done < length; ) done += writeSync(this.#fd, data, done, length - done);
  }
}

import { closeSync, openSync, writeSync } from 'node:fs';

const TAIL_BYTES = 16 * 1024;

/** One boot's console: a file up to `limit` bytes, and the latest lines in memory whatever the file's fate. */
export class ConsoleLog {
  readonly #fd: number;
  readonly #limit: number;
  #written = 0;
  #tail = Buffer.alloc(0);

  constructor(path: string, limit: number) {
    this.#fd = openSync(path, 'w', 0o600);
    this.#limit = limit;
  }

  append(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES);
    if (this.#written >= this.#limit) return;
    const bytes = chunk.subarray(0, this.#limit - this.#written);
    this.#written += bytes.length;
    try {
      writeSync(this.#fd, bytes);
      if (this.#written >= this.#limit) writeSync(this.#fd, `\n[nook: the log ends here, at ${this.#limit} bytes]\n`);
    } catch {
      // A full disk must not end the machine; the tail is still there.
      this.#written = this.#limit;
    }
  }

  /** The latest lines, control characters taken out. */
  tail(lines: number): string[] {
    return this.#tail
      .toString('latin1')
      .split(/\r?\n/)
      .map((line) => line.replace(/[^\x20-\x7e]/g, '').trim())
      .filter((line) => line !== '')
      .slice(-lines);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

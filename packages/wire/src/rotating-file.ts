import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** The older half of a log that was rotated. */
export function olderFile(path: string): string {
  return `${path}.1`;
}

/**
 * A log of bounded size: at half of `limit` the file becomes `PATH.1`, in place of the one before, and a new one begins.
 * A disk that is full, or a folder that is gone, loses lines and nothing else.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #limit: number;
  #fd: number;
  #size: number;
  /** Devices are not rotated. */
  readonly #isFile: boolean;

  /** @param flags `w` begins anew, `a` goes on */
  constructor(path: string, flags: 'w' | 'a', limit: number) {
    this.#path = path;
    this.#limit = limit;
    this.#fd = openSync(path, flags, 0o600);
    const about = fstatSync(this.#fd);
    this.#isFile = about.isFile();
    this.#size = about.size;
  }

  write(bytes: string | Buffer): void {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    try {
      if (this.#isFile && this.#size > 0 && this.#size + chunk.length > this.#limit / 2) this.#rotate();
      this.#size += chunk.length;
      writeSync(this.#fd, chunk);
    } catch {
      // What is logged must not end what logs it.
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    renameSync(this.#path, olderFile(this.#path));
    const fd = openSync(this.#path, 'w', 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#size = 0;
  }
}

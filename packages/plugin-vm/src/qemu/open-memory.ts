import { closeSync, openSync } from 'node:fs';

/** A file that stays readable when its name is gone. */
export class OpenMemory {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** By which another process of this user opens it. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

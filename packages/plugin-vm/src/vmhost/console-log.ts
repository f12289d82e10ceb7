import { RotatingFile } from '@nook/wire';
import { readable } from '../supervision/last-words.ts';

const TAIL_BYTES = 16 * 1024;

/** One boot's console: a file that holds the latest `limit` bytes, and the last lines in memory whatever the file's fate. */
export class ConsoleLog {
  readonly #file: RotatingFile;
  #tail = Buffer.alloc(0);

  constructor(path: string, limit: number) {
    this.#file = new RotatingFile(path, 'w', limit);
  }

  append(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES);
    this.#file.write(chunk);
  }

  /** The latest lines, control characters taken out. */
  tail(lines: number): string[] {
    return readable(this.#tail).slice(-lines);
  }

  close(): void {
    this.#file.close();
  }
}

import type { FileHandle } from 'node:fs/promises';
import type { TarBytes } from './byte-source.ts';

const PIECE = 2 ** 18;

/** A tar in a plain file. What is passed over is not read. */
export class FileBytes implements TarBytes {
  readonly #file: FileHandle;
  readonly #size: number;
  /** Byte of the file that comes next. */
  position = 0;

  /** @param size of the file */
  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async take(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pieces(size)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *pieces(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; ) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(Math.min(left, PIECE)), {
        position: this.position,
      });
      if (bytesRead === 0) return;
      left -= bytesRead;
      this.position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async skip(size: number): Promise<boolean> {
    this.position += size;
    return this.position <= this.#size;
  }
}

import { Writable } from 'node:stream';
import { type CliContext, NookError } from '@nook/daemonapi';

const MAX_OUTPUT = 64 * 1024 * 1024;

/** What a command of this program prints. @throws what the command throws */
export async function printed(context: CliContext, words: readonly string[]): Promise<string> {
  const stdout = new Kept();
  await context.run(words, { stdout });
  return stdout.bytes.toString();
}

/** Keeps what is written to it, up to a bound. */
export class Kept extends Writable {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  override _write(chunk: Buffer, _encoding: unknown, done: (error?: Error) => void): void {
    this.#size += chunk.length;
    // What comes is a piece of a buffer that is used again.
    if (this.#size <= MAX_OUTPUT) this.#chunks.push(Buffer.from(chunk));
    done(
      this.#size <= MAX_OUTPUT
        ? undefined
        : new NookError('operation_failed', 'A command of the guest wrote too much.'),
    );
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

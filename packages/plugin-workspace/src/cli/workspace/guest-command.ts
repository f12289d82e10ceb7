import { PassThrough, Writable } from 'node:stream';
import { type CliContext, NookError } from '@nook/daemonapi';

const MAX_OUTPUT = 64 * 1024 * 1024;

export interface GuestAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command in a VM to its end, as root, without input. */
export async function inGuest(context: CliContext, vm: string, argv: readonly string[]): Promise<GuestAnswer> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const streams = { stdin: new PassThrough().end() as PassThrough, stdout, stderr };
  const code = await context.run(['vm', 'exec', '--workdir', '/', vm, '--', ...argv], streams);
  return { code, stdout: stdout.bytes, stderr: stderr.bytes.toString() };
}

/** As `inGuest`, of a script whose arguments are `$1` and so on. @throws NookError with what the script said */
export async function shellInGuest(
  context: CliContext,
  vm: string,
  { script, args, what }: { readonly script: string; readonly args: readonly string[]; readonly what: string },
): Promise<GuestAnswer> {
  const answer = await inGuest(context, vm, ['sh', '-c', script, 'nook', ...args]);
  if (answer.code === 0) return answer;
  const said = answer.stderr.trim().replace(/\p{C}/gu, ' ');
  throw new NookError('operation_failed', `${what} failed in VM '${vm}': ${said || `exit code ${answer.code}`}.`);
}

class Kept extends Writable {
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

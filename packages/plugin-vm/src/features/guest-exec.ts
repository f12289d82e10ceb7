import { join } from 'node:path';
import { type FeatureGuest, type GuestCommand, type GuestCommandResult, NookError } from '@nook/daemonapi';
import { type FrameChannel, RpcClient } from '@nook/wire';
import { AttachFrame, type AttachResult, exitCode, type SessionEnd } from '../attach-protocol.ts';
import { ANSWER_MS, type VmhostLink } from '../hosts/vmhost-link.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';

const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES = 1024 ** 2;
const CHUNK_BYTES = 64 * 1024;

interface GuestOptions {
  /** The machine's folder. */
  readonly dir: string;
  readonly opId: string;
  /** Ends every command. */
  readonly signal: AbortSignal;
}

/** The guest of a running VM, as a feature's hook may use it. */
export function featureGuest(link: VmhostLink, options: GuestOptions): FeatureGuest {
  return { exec: (command) => runInGuest(link, command, options) };
}

async function runInGuest(link: VmhostLink, command: GuestCommand, options: GuestOptions): Promise<GuestCommandResult> {
  const { argv, timeout_ms: timeoutMs = TIMEOUT_MS } = command;
  const { opId, signal } = options;
  signal.throwIfAborted();
  if (argv.length === 0) throw new NookError('bad_params', 'A command for the guest has no words.');
  const handle = await link.call<{ session: string; token: string }>(
    'exec.start',
    { ...sessionOf(command), attendant: true, on_disconnect: 'kill', stdin: command.stdin !== undefined },
    { opId, timeoutMs: ANSWER_MS, signal },
  );
  const { result, channel } = await attach(handle, options);
  const running = new GuestRun(channel, command, (result as AttachResult).stdin_credit);
  const late = new NookError('timeout', `'${argv[0]}' did not end in ${timeoutMs / 1000} s.`);
  const timer = setTimeout(() => running.fail(late), timeoutMs);
  const onAbort = () => running.fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await running.result;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

async function attach(handle: object, { dir, opId }: GuestOptions): ReturnType<RpcClient['upgrade']> {
  const client = await RpcClient.connect(join(dir, VM_FILES.socket), { timeoutMs: ANSWER_MS });
  try {
    return await client.upgrade('exec.attach', handle, { opId, timeoutMs: ANSWER_MS });
  } catch (error) {
    client.close();
    throw error;
  }
}

function sessionOf({ argv, env, cwd, user }: GuestCommand): object {
  return {
    argv,
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
  };
}

/** One command from its first byte to its end. When the connection is cut, the vmhost ends the command. */
class GuestRun {
  readonly result: Promise<GuestCommandResult>;
  readonly #channel: FrameChannel;
  readonly #command: GuestCommand;
  readonly #output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #settle = Promise.withResolvers<GuestCommandResult>();
  #stdin: Buffer | undefined;
  #credit: number;
  #room: number;

  constructor(channel: FrameChannel, command: GuestCommand, credit: number) {
    this.#channel = channel;
    this.#command = command;
    this.#credit = credit;
    this.#room = command.output_bytes ?? OUTPUT_BYTES;
    this.#stdin = command.stdin === undefined ? undefined : Buffer.from(command.stdin as string);
    this.result = this.#settle.promise;
    channel.onFrame = (kind, payload) => this.#receive(kind, payload);
    channel.onClose = () => this.#settle.reject(this.#failed('the connection to the VM was lost'));
    this.#feed();
  }

  fail(reason: unknown): void {
    this.#settle.reject(reason);
    this.#channel.destroy();
  }

  #receive(kind: number, payload: Buffer): void {
    if (kind === AttachFrame.Stdout) this.#keep('stdout', payload);
    else if (kind === AttachFrame.Stderr) this.#keep('stderr', payload);
    else if (kind === AttachFrame.Exit) this.#finish(JSON.parse(payload.toString()) as SessionEnd);
    else if (kind === AttachFrame.StdinCredit) {
      this.#credit += payload.readUInt32LE();
      this.#feed();
    }
  }

  #keep(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.#room -= bytes.length;
    if (this.#room < 0)
      this.fail(this.#failed(`it wrote more than ${this.#command.output_bytes ?? OUTPUT_BYTES} bytes`));
    else this.#output[stream].push(Buffer.from(bytes));
  }

  #finish(end: SessionEnd): void {
    const notStarted = 'errno' in end && end.stage !== 'exec';
    if ('lost' in end) this.#settle.reject(this.#failed(end.lost));
    else if (notStarted) this.#settle.reject(this.#failed(`it was not started (${end.stage}): ${end.message}`));
    else {
      const { stdout, stderr } = this.#output;
      this.#settle.resolve({ exit_code: exitCode(end), stdout: text(stdout), stderr: text(stderr) });
    }
  }

  #feed(): void {
    while (this.#stdin !== undefined && this.#stdin.length > 0 && this.#credit > 0) {
      const part = this.#stdin.subarray(0, Math.min(this.#credit, CHUNK_BYTES));
      this.#credit -= part.length;
      this.#stdin = this.#stdin.subarray(part.length);
      this.#channel.write(AttachFrame.Stdin, part);
    }
    if (this.#stdin?.length !== 0) return;
    this.#stdin = undefined;
    this.#channel.write(AttachFrame.StdinEnd, Buffer.alloc(0));
  }

  #failed(why: string): NookError {
    return new NookError('operation_failed', `'${this.#command.argv[0]}' failed in the guest: ${why}.`);
  }
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

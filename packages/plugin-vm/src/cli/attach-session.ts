import { constants } from 'node:os';
import { type CliContext, NookError } from '@nook/daemonapi';
import { type FrameChannel, RpcClient } from '@nook/wire';
import { AttachFrame, type AttachResult, exitCode, type SessionEnd } from '../attach-protocol.ts';
import type { SessionHandle } from '../contract.ts';
import { rawMode } from './terminal.ts';

/** Beside those that would end this program, which the context hands over. */
const ALSO_FORWARDED = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** As a shell tells the end by SIGHUP. */
const HANGUP_CODE = 128 + constants.signals.SIGHUP;

interface AttachOptions {
  /** This side has a terminal for it; whether the session has one is known when attached. */
  readonly pty: boolean;
  readonly command: string;
  /** Bytes of output, both streams together, that were seen already. */
  readonly offset?: number;
  /** The end of this terminal does not end the command. */
  readonly survivesHangup?: boolean;
}

/**
 * Joins this process's stdio to a session until it ends. Speaks to the vmhost itself, so the daemon may come and go.
 * @returns the exit code: the command's own, 128+N, 127, 126, or 125 when nook failed
 */
export async function attachSession(
  context: CliContext,
  handle: SessionHandle,
  options: AttachOptions,
): Promise<number> {
  const client = await RpcClient.connect(handle.socket, { timeoutMs: 5_000 });
  const { session, token } = handle;
  const { result, channel } = await client.upgrade(
    'exec.attach',
    { session, token, ...(options.offset === undefined ? {} : { offset: options.offset }) },
    { opId: context.opId, timeoutMs: 10_000 },
  );
  const attached = result as AttachResult;
  const pty = options.pty && attached.pty !== false;
  using _raw = pty ? rawMode(context.stdin) : undefined;
  const input = new Input(context, channel, attached.stdin_credit);
  const hangup = new AbortController();
  using _signals = forwardSignals(context, channel, {
    pty,
    onHangup: options.survivesHangup === true ? () => hangup.abort() : undefined,
  });
  try {
    const end = await Promise.race([output(context, channel, input), left(hangup.signal)]);
    if (end === undefined) {
      context.out.note(`nook: the command runs on; join it again: nook vm attach ${handle.vm} ${session}`);
      return HANGUP_CODE;
    }
    explain(context, end, options.command);
    return exitCode(end);
  } finally {
    input.stop();
    channel.destroy();
  }
}

/** Resolves when this client leaves the command to itself. */
function left(hangup: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => hangup.addEventListener('abort', () => resolve(undefined)));
}

/** Sends stdin as far as it was credited. */
class Input {
  readonly #stdin: NodeJS.ReadStream;
  readonly #channel: FrameChannel;
  #credit: number;
  #waiting: Buffer | undefined;
  #ended = false;

  constructor({ stdin }: CliContext, channel: FrameChannel, credit: number) {
    this.#stdin = stdin;
    this.#channel = channel;
    this.#credit = credit;
    stdin.on('data', this.#take);
    stdin.once('end', this.#end);
    stdin.once('error', this.#end);
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.#send();
  }

  stop(): void {
    this.#stdin.off('data', this.#take);
    this.#stdin.off('end', this.#end);
    this.#stdin.pause();
    this.#stdin.unref?.();
  }

  readonly #take = (chunk: Buffer): void => {
    this.#waiting = this.#waiting ? Buffer.concat([this.#waiting, chunk]) : chunk;
    this.#send();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#send();
  };

  #send(): void {
    const waiting = this.#waiting;
    if (waiting) {
      const part = waiting.subarray(0, this.#credit);
      this.#credit -= part.length;
      this.#waiting = part.length === waiting.length ? undefined : waiting.subarray(part.length);
      if (part.length > 0) this.#channel.write(AttachFrame.Stdin, part);
    }
    if (this.#waiting) this.#stdin.pause();
    else if (this.#ended) this.#channel.write(AttachFrame.StdinEnd, Buffer.alloc(0));
    else this.#stdin.resume();
  }
}

/** Writes what comes, waiting for slow readers, until the session's end. */
function output({ stdout, stderr, out }: CliContext, channel: FrameChannel, input: Input): Promise<SessionEnd> {
  return new Promise((resolve, reject) => {
    let end: SessionEnd | undefined;
    let dismissed: string | undefined;
    const write = (stream: NodeJS.WriteStream, payload: Buffer) => {
      if (stream.write(payload)) return;
      channel.pause();
      stream.once('drain', () => channel.resume());
    };
    // A reader that is gone (`| head`) ends this program, as it would end the command itself.
    stdout.once('error', (error) => {
      channel.destroy();
      reject(error);
    });
    channel.onFrame = (kind, payload) => {
      if (kind === AttachFrame.Stdout) write(stdout, payload);
      else if (kind === AttachFrame.Stderr) write(stderr, payload);
      else if (kind === AttachFrame.StdinCredit) input.credit(payload.readUInt32LE());
      else if (kind === AttachFrame.Gap)
        out.note(`nook: ${payload.readBigUInt64LE()} bytes of output were dropped before this`);
      else if (kind === AttachFrame.Dismissed) dismissed = payload.toString();
      else if (kind === AttachFrame.Exit) end = JSON.parse(payload.toString()) as SessionEnd;
    };
    channel.onClose = () => {
      if (end) resolve(end);
      else if (dismissed !== undefined) {
        reject(
          new NookError('unavailable', `The session goes on without this client: ${dismissed}.`, {
            hint: 'Resume the VM and join it again: nook vm resume VM, nook vm attach VM SESSION',
          }),
        );
      } else {
        reject(
          new NookError('unavailable', 'The connection to the VM was lost: its vmhost died.', {
            hint: 'See what became of it: nook vm list',
          }),
        );
      }
    };
  });
}

/** In raw mode the keys themselves go to the guest, so only what others send is forwarded. */
function forwardSignals(
  context: CliContext,
  channel: FrameChannel,
  { pty, onHangup }: { readonly pty: boolean; readonly onHangup: (() => void) | undefined },
): Disposable {
  const { stdout } = context;
  const send = (signal: NodeJS.Signals) => {
    if (signal === 'SIGHUP' && onHangup) {
      onHangup();
      return;
    }
    channel.write(
      AttachFrame.Signal,
      numbers((payload) => payload.writeUInt32LE(constants.signals[signal])),
    );
  };
  const resize = () => {
    channel.write(
      AttachFrame.Resize,
      numbers((payload) => payload.writeUInt16LE(stdout.columns ?? 80, payload.writeUInt16LE(stdout.rows ?? 24, 0))),
    );
  };
  const taken = context.onSignal(send);
  for (const signal of ALSO_FORWARDED) process.on(signal, send);
  if (pty) {
    stdout.on('resize', resize);
    resize();
  }
  return {
    [Symbol.dispose]: () => {
      taken[Symbol.dispose]();
      for (const signal of ALSO_FORWARDED) process.off(signal, send);
      stdout.off('resize', resize);
    },
  };
}

function numbers(write: (payload: Buffer) => void): Buffer {
  const payload = Buffer.allocUnsafe(4);
  write(payload);
  return payload;
}

function explain({ out }: CliContext, end: SessionEnd, command: string): void {
  if ('lost' in end) out.note(`nook: the command was lost: ${end.lost}`);
  if (!('errno' in end)) return;
  const code = exitCode(end);
  if (code === 127) out.note(`nook: '${command}' was not found in the guest`);
  else if (code === 126) out.note(`nook: '${command}' could not be executed in the guest: ${end.message}`);
  else out.note(`nook: the command was not started (${end.stage}): ${end.message}`);
}

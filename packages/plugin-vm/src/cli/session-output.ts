import { type CliContext, NookError } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import { AttachFrame } from '../attach-protocol.ts';
import type { SessionHandle } from '../contract.ts';

/** Writes what a session has said to its two streams, and with `follow` what it says until it ends. Takes nothing from its client. */
export async function sessionOutput(
  { stdout, stderr, out, opId, signal }: CliContext,
  { socket, session, token }: SessionHandle,
  follow: boolean,
): Promise<void> {
  const client = await RpcClient.connect(socket, { timeoutMs: 5_000 });
  const { channel } = await client.upgrade('exec.observe', { session, token, follow }, { opId, timeoutMs: 10_000 });
  const done = Promise.withResolvers<void>();
  const stop = () => channel.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const write = (stream: NodeJS.WriteStream, payload: Buffer) => {
    // What comes is a piece of a buffer that is used again.
    if (stream.write(Buffer.from(payload))) return;
    channel.pause();
    stream.once('drain', () => channel.resume());
  };
  stdout.once('error', done.reject);
  channel.onFrame = (kind, payload) => {
    if (kind === AttachFrame.Stdout) write(stdout, payload);
    else if (kind === AttachFrame.Stderr) write(stderr, payload);
    else if (kind === AttachFrame.Gap) {
      out.note(`nook: ${payload.readBigUInt64LE()} bytes of output were dropped before this`);
    } else if (kind === AttachFrame.Dismissed) {
      done.reject(new NookError('unavailable', `The session goes on, and is not heard: ${payload.toString()}.`));
    }
  };
  channel.onClose = () => done.resolve();
  try {
    await done.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    channel.destroy();
  }
}

import { AttachFrame } from '../../packages/plugin-vm/src/attach-protocol.ts';
import type { SessionHandle } from '../../packages/plugin-vm/src/contract.ts';
import { RpcClient } from '../../packages/wire/src/index.ts';
import type { Lab } from '../lab.ts';
import { repeat, timed } from '../statistics.ts';

const BYTE = Buffer.from('x');

/** Milliseconds that a byte takes to a `cat` in the guest and back: the channel, with no process to start. */
export async function byteEcho(lab: Lab, vm: string, count: number): Promise<number[]> {
  const { socket, session, token } = await lab.call<SessionHandle>('vm.exec.start', { name: vm, argv: ['cat'] });
  const client = await RpcClient.connect(socket);
  const { channel } = await client.upgrade('exec.attach', { session, token });
  const closed = new Promise<void>((resolve) => {
    channel.onClose = () => resolve();
  });
  let came = () => {};
  channel.onFrame = (kind) => {
    if (kind === AttachFrame.Stdout) came();
  };
  const roundTrip = () =>
    new Promise<void>((resolve) => {
      came = resolve;
      channel.write(AttachFrame.Stdin, BYTE);
    });
  await repeat(10, () => timed(roundTrip));
  const samples = await repeat(count, () => timed(roundTrip));
  channel.write(AttachFrame.StdinEnd, Buffer.alloc(0));
  await closed;
  return samples;
}

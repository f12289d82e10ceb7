import { NookError } from '@nook/daemonapi';
import type { ServerCall } from '@nook/wire';
import type { Helper } from './helper.ts';

/** Answers when the caller is gone. @throws NookError `not_found`, and `unavailable` when nothing is seen any more */
export async function watchBridge(bridge: string, helper: Helper, call: ServerCall): Promise<object> {
  const { desired } = await helper.state();
  if (!desired.bridges.some(({ name }) => name === bridge))
    throw new NookError('not_found', `There is no bridge '${bridge}'.`);
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  let seq = 0;
  const event = (topic: string, data: unknown) => call.event({ seq: ++seq, topic, at: Date.now(), data });
  const stop = helper.watches.add({
    bridge,
    onPacket: (packet) => event('packet', packet),
    onEnd: (why) => reject(new NookError('unavailable', `Packets are not seen any more: ${why}`)),
  });
  call.signal.addEventListener('abort', () => resolve({}), { once: true });
  event('watching', {});
  return promise.finally(stop);
}

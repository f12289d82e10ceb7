import type { MachineNetwork } from '@nook/daemonapi';
import { forwardRule, HUB } from './qemu-argv.ts';
import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 5_000;
/** What a network that was connected later is called. */
export const OUTSIDE = 'outside';

/** Hangs a network on the hub that the machine's card hangs on: what a card itself stands on is fixed when it is made. */
export async function connectNetwork(
  qmp: QmpClient,
  { mode, host_forwards }: Pick<MachineNetwork, 'mode' | 'host_forwards'>,
): Promise<void> {
  if (mode !== 'user') return;
  const hostfwd = host_forwards.map((port) => ({ str: forwardRule(port) }));
  await qmp.execute('netdev_add', { type: 'user', id: OUTSIDE, ipv6: false, hostfwd }, DEADLINE_MS);
  await qmp.execute('netdev_add', { type: 'hubport', id: 'port', hubid: HUB, netdev: OUTSIDE }, DEADLINE_MS);
}

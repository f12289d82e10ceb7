import { NookError } from '@nook/daemonapi';
import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 15_000;

/**
 * Loads a saved machine into a QEMU that was started with `-incoming defer`, and lets it go on.
 * @param fd the descriptor of the state, inherited by QEMU
 */
export async function loadState(qmp: QmpClient, fd: number): Promise<void> {
  const events = [{ capability: 'events', state: true }];
  await qmp.execute('migrate-set-capabilities', { capabilities: events }, DEADLINE_MS);
  const ended = qmp.event(
    ({ event, data }) => event === 'MIGRATION' && (data?.status === 'completed' || data?.status === 'failed'),
    DEADLINE_MS,
    'the saved state was not loaded',
  );
  // Waited for below, once the order was taken.
  ended.catch(() => {});
  await qmp.execute('migrate-incoming', { uri: `fd:${fd}` }, DEADLINE_MS);
  const { data } = await ended;
  if (data?.status === 'failed') throw new NookError('operation_failed', 'QEMU could not load the saved state.');
  await qmp.execute('cont', {}, DEADLINE_MS);
}

import { join } from 'node:path';
import { type CliCommand, type CliContext, isNookError, NookError } from '@nook/daemonapi';
import { RUN_DIR, SOCKET_NAME } from '../places.ts';

export const uninstall: CliCommand = {
  name: 'system uninstall',
  summary: 'Take the services away again, as root; VMs run on, and images and config stay',
  options: {
    purge: { help: 'also remove all that the daemon and the helper kept; no VM may run' },
    'unless-running': { help: 'do nothing while a VM runs' },
  },
  examples: ['sudo nook system uninstall', 'sudo nook system uninstall --purge'],
  async run({ options, context }) {
    if (process.getuid?.() !== 0) {
      throw new NookError('unauthorized', 'Only root can remove services.', { hint: 'sudo nook system uninstall' });
    }
    const purge = options.purge === true;
    if (purge || options['unless-running'] === true) await requireNoneRuns();
    const { readRecord, removeFiles } = await import('./installation.ts');
    const { systemctl, UNITS } = await import('./systemctl.ts');
    const record = await readRecord();
    if (record !== undefined) await takeDownNetworks(purge, context);
    await systemctl('disable', '--now', ...UNITS.toReversed()).catch(() => {});
    if (purge && record?.lingering === true) await endLingering(record.owner_uid);
    const files = await removeFiles({ root: '/', purge });
    await systemctl('daemon-reload').catch(() => {});
    if (context.json) context.out.json({ removed: files });
    else for (const file of files) context.out.line(file);
  },
};

/** @throws NookError `conflict` */
async function requireNoneRuns(): Promise<void> {
  const { machineProcesses } = await import('./services.ts');
  const pids = machineProcesses();
  if (pids.length === 0) return;
  throw new NookError('conflict', `VMs run (processes ${pids.join(', ')}), and nothing would be left to end them.`, {
    hint: 'As their owner: nook vm stop --all',
  });
}

/** While the helper still runs: nobody else knows what it made. */
async function takeDownNetworks(purge: boolean, context: CliContext): Promise<void> {
  const { HelperClient } = await import('../helper-client.ts');
  const helper = new HelperClient(join(RUN_DIR, SOCKET_NAME));
  await (purge ? helper.uninstall() : helper.reconcile({})).catch((error: unknown) => {
    if (!isNookError(error)) throw error;
    context.out.note(`Networks on this host, if there are any, were not taken down: ${error.message}`);
  });
}

async function endLingering(uid: number): Promise<void> {
  const { findUser } = await import('./find-user.ts');
  const { unlinger } = await import('./services.ts');
  await findUser(String(uid)).then(
    ({ name }) => unlinger(name),
    () => {},
  );
}

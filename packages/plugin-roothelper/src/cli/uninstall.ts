import { join } from 'node:path';
import { type CliCommand, isNookError, NookError } from '@nook/daemonapi';
import { RUN_DIR, SOCKET_NAME } from '../places.ts';

export const uninstall: CliCommand = {
  name: 'system uninstall',
  summary: 'Take the services away again, as root; VMs, images and config stay',
  options: { purge: { help: 'also forget whom the helper serves, and all that it kept' } },
  examples: ['sudo ./nook system uninstall', 'nook system uninstall --purge'],
  async run({ options, context }) {
    if (process.getuid?.() !== 0) {
      throw new NookError('unauthorized', 'Only root can remove services.', { hint: 'sudo nook system uninstall' });
    }
    const { removeFiles } = await import('./installation.ts');
    const { systemctl, UNITS } = await import('./systemctl.ts');
    const { HelperClient } = await import('../helper-client.ts');
    const helper = new HelperClient(join(RUN_DIR, SOCKET_NAME));
    const purge = options.purge === true;
    // While it still runs: nobody else knows what it made.
    await (purge ? helper.uninstall() : helper.reconcile({})).catch((error: unknown) => {
      if (!isNookError(error)) throw error;
      context.out.note(`Networks on this host, if there are any, were not taken down: ${error.message}`);
    });
    await systemctl('disable', '--now', ...UNITS).catch(() => {});
    const files = await removeFiles({ root: '/', purge });
    await systemctl('daemon-reload');
    if (context.json) context.out.json({ removed: files });
    else for (const file of files) context.out.line(file);
  },
};

import { type CliCommand, NookError } from '@nook/daemonapi';

export const restart: CliCommand = {
  name: 'system restart',
  summary: 'Restart the services, as root, and have the doctor look at them; VMs run on',
  examples: ['sudo nook system restart', 'sudo nook system restart --json'],
  async run({ context }) {
    if (process.getuid?.() !== 0) {
      throw new NookError('unauthorized', 'Only root can restart services.', { hint: 'sudo nook system restart' });
    }
    const { readRecord } = await import('./installation.ts');
    if ((await readRecord()) === undefined) {
      throw new NookError('not_found', 'nook is not installed as a service.', {
        hint: 'sudo nook system install --owner USER',
      });
    }
    const { restartServices } = await import('./restart-services.ts');
    const wrong = await restartServices();
    if (context.json) context.out.json({ findings: wrong });
    else if (wrong.length === 0) context.out.line('The services run, and the doctor finds nothing.');
    else for (const { status, item, evidence } of wrong) context.out.line(`${status.padEnd(7)}  ${item}: ${evidence}`);
  },
};

import { type CliCommand, NookError } from '@nook/daemonapi';

export const install: CliCommand = {
  name: 'system install',
  summary: "Install the daemon and the root helper as systemd's services, as root",
  options: {
    owner: { value: 'USER', help: "whose daemon it is: a name or a number; sudo's caller when absent" },
    'low-ports': { help: 'its VMs may be published on ports below 1024' },
    root: { value: 'DIR', help: 'write the files below DIR, and start nothing: for packages' },
  },
  examples: ['sudo ./nook system install', 'nook system install --owner alice --low-ports'],
  async run({ options, context }) {
    const root = typeof options.root === 'string' ? options.root : undefined;
    if (root === undefined && process.getuid?.() !== 0) {
      throw new NookError('unauthorized', 'Only root can install services.', { hint: 'sudo nook system install' });
    }
    const { installFiles, installedPrograms } = await import('./installation.ts');
    const { findUser } = await import('./find-user.ts');
    const { systemctl, UNITS } = await import('./systemctl.ts');
    const named = typeof options.owner === 'string' ? options.owner : process.env.SUDO_USER;
    if (named === undefined) {
      throw new NookError('bad_params', 'It is not said whose daemon this is.', {
        hint: 'nook system install --owner USER',
      });
    }
    const owner = await findUser(named);
    const programs = await installedPrograms(process.argv[1] ?? '');
    const files = await installFiles({ root: root ?? '/', owner, programs, lowPorts: options['low-ports'] === true });
    if (root === undefined) {
      await systemctl('daemon-reload');
      await systemctl('enable', '--now', ...UNITS);
    }
    if (context.json) context.out.json({ owner: owner.name, uid: owner.uid, files });
    else for (const file of files) context.out.line(file);
  },
};

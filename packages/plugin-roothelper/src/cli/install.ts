import { type CliCommand, type CliContext, NookError } from '@nook/daemonapi';
import type { OwnFiles } from './installation.ts';
import type { Programs } from './units.ts';

export const install: CliCommand = {
  name: 'system install',
  summary: "Install the daemon and the root helper as systemd's services, as root",
  options: {
    owner: { value: 'USER', help: "whose daemon it is: a name or a number; sudo's caller when absent" },
    'low-ports': { help: 'its VMs may be published on ports below 1024' },
    root: { value: 'DIR', help: 'write the files below DIR, and start nothing' },
  },
  examples: ['sudo nook system install', 'sudo nook system install --owner alice --low-ports'],
  async run({ options, context }) {
    const root = typeof options.root === 'string' ? options.root : undefined;
    if (root === undefined && process.getuid?.() !== 0) {
      throw new NookError('unauthorized', 'Only root can install services.', { hint: 'sudo nook system install' });
    }
    const { installFiles, readRecord } = await import('./installation.ts');
    const { installedPrograms } = await import('./programs.ts');
    const { findUser } = await import('./find-user.ts');
    const before = await readRecord(root);
    const named = options.owner ?? before?.owner_uid.toString() ?? process.env.SUDO_USER;
    if (named === undefined) {
      throw new NookError('bad_params', 'It is not said whose daemon this is.', {
        hint: 'nook system install --owner USER',
      });
    }
    const owner = await findUser(String(named));
    const programs = await installedPrograms(process.argv[1] ?? '');
    const own = await ownFiles(programs);
    const live = root === undefined ? await import('./services.ts') : undefined;
    await live?.requireNoMachines(owner);
    const files = await installFiles({
      ...{ root: root ?? '/', owner, programs, lowPorts: options['low-ports'] === true },
      ...{ lingering: (await live?.linger(owner, context)) === true, ...(own && { own }) },
    });
    // An upgrade: what runs is the version before.
    const wrong = live && before ? await (await import('./restart-services.ts')).restartServices() : [];
    if (!before) await live?.startServices();
    for (const { status, item, evidence } of wrong) context.out.note(`${status}: ${item}: ${evidence}`);
    tell(context, { owner: owner.name, uid: owner.uid, files });
  },
};

function tell(context: CliContext, done: { readonly owner: string; readonly uid: number; readonly files: string[] }) {
  if (context.json) context.out.json(done);
  else for (const file of done.files) context.out.line(file);
}

/** What no package brought. */
async function ownFiles(programs: Programs): Promise<OwnFiles | undefined> {
  const { isPackaged, launchers } = await import('./programs.ts');
  if (isPackaged(programs)) return undefined;
  const { existsSync } = await import('node:fs');
  const { completionOf } = await import('./completions.ts');
  const launcher = launchers(programs).find((path) => existsSync(path));
  const [bash, zsh, fish] = await Promise.all((['bash', 'zsh', 'fish'] as const).map(completionOf));
  return {
    ...(launcher === undefined ? {} : { launcher }),
    completions: { bash, zsh, fish } as OwnFiles['completions'],
  };
}

import type { CliExtension, CliInvocation } from '@nook/daemonapi';

/** What asks for a workspace, also without a PATH. */
const OPTIONS = {
  branch: { value: 'NEW', help: 'PATH: be on a new branch there' },
  from: { value: 'REF', help: 'PATH: another commit than the one that is checked out; changes stay here' },
  'include-untracked': { help: 'PATH: send files that git does not know, unless they are ignored' },
  'skip-submodules': { help: 'PATH: leave submodules out; otherwise they are refused' },
  'guest-path': { value: 'DIR', help: 'PATH: where it goes in the VM (default /root/repo)' },
  'dry-run': { help: 'PATH: list what would travel, and make nothing' },
};

/** A repository, or a folder, goes into the VM before the command, which starts in it. */
export const vmRunExtension: CliExtension = {
  command: 'vm run',
  positionals: [{ name: 'PATH', help: 'a repository or folder to work in there, written with a slash: . or ./app' }],
  options: OPTIONS,
  examples: [
    'nook vm run --rm . -- make test',
    'nook vm run --name dev --branch fix ~/src/app',
    'nook vm run --dry-run .',
  ],
  async run(invocation, next) {
    if (!asksForWorkspace(invocation)) return next(invocation);
    const { runInWorkspace } = await import('./workspace/run-in-workspace.ts');
    return runInWorkspace(invocation, Object.keys(OPTIONS));
  },
};

function asksForWorkspace({ positionals, options }: CliInvocation): boolean {
  return positionals.PATH !== undefined || Object.keys(OPTIONS).some((name) => options[name] !== undefined);
}

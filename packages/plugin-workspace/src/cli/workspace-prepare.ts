import type { CliCommand, CliContext } from '@nook/daemonapi';

export const workspacePrepare: CliCommand = {
  name: 'workspace prepare',
  summary: 'Put a repository, or a folder, of this host into a running VM',
  positionals: [
    { name: 'VM', required: true, help: 'name of the VM' },
    { name: 'PATH', help: 'a folder in the repository (default: where you are)' },
  ],
  options: {
    'guest-path': { value: 'DIR', help: 'where it goes in the VM (default /root/repo, or where it was)' },
    branch: { value: 'NEW', help: 'be on a new branch there' },
    from: { value: 'REF', help: 'another commit than the one that is checked out; changes stay here' },
    'include-untracked': { help: 'send files that git does not know, unless they are ignored' },
    'skip-submodules': { help: 'leave submodules out; otherwise they are refused' },
    'dry-run': { help: 'list what would travel, and send nothing' },
    discard: { help: 'replace what is there, whatever was done in it' },
  },
  examples: [
    'nook workspace prepare dev',
    'nook workspace prepare --dry-run dev ~/src/app',
    'nook workspace prepare --branch fix dev',
  ],
  async run({ positionals, options, context }) {
    const vm = positionals.VM as string;
    const { findSource } = await import('./workspace/source.ts');
    const source = await findSource((positionals.PATH as string | undefined) ?? '.', options);
    if (options['dry-run'] === true) {
      const { listSource } = await import('./workspace/list-source.ts');
      return listSource(context, source, options);
    }
    const { prepare } = await import('./workspace/prepare.ts');
    report(context, await prepare(context, vm, { source, options }));
  },
};

function report({ json, out }: CliContext, view: { vm: string; host_path: string; guest_path: string }): void {
  if (json) out.json(view);
  else out.note(`nook: ${view.host_path} is ${view.guest_path} in VM '${view.vm}'`);
}

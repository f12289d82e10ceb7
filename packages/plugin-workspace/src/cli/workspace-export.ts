import { resolve } from 'node:path';
import { type CliCommand, NookError } from '@nook/daemonapi';

export const workspaceExport: CliCommand = {
  name: 'workspace export',
  summary: 'Get what was done in a VM’s repository as a patch for git apply',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    'base-commit': { value: 'REF', help: 'a commit of the VM to compare with (default: the files as they were sent)' },
    output: { short: 'o', value: 'FILE', help: 'write it to a file' },
  },
  examples: [
    'nook workspace export dev | git apply',
    'nook workspace export -o work.patch dev',
    'nook workspace export --base-commit HEAD~1 dev',
  ],
  async run({ positionals, options, context }) {
    const file = options.output as string | undefined;
    if (context.json && file === undefined) {
      throw new NookError('bad_params', 'A patch is no JSON.', { hint: 'Write it to a file: -o FILE' });
    }
    const { exportPatch } = await import('./workspace/export-patch.ts');
    const patch = await exportPatch(context, positionals.VM as string, options['base-commit'] as string | undefined);
    if (file === undefined) {
      context.stdout.write(patch);
    } else {
      const { writeFileAtomic } = await import('@nook/wire');
      await writeFileAtomic(resolve(file), patch, { mode: 0o644 });
    }
    if (context.json) context.out.json({ file, bytes: patch.length });
    else if (patch.length === 0) context.out.note('nook: nothing was changed');
  },
};

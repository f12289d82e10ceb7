import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CliCommand, NookError } from '@nook/daemonapi';

export const init: CliCommand = {
  name: 'init',
  summary: 'Write a nook.toml: the machines that a project runs in',
  positionals: [{ name: 'DIR', help: 'the folder it is for (default: where you are)' }],
  options: { print: { help: 'print it, and write nothing' } },
  examples: ['nook init', 'nook init --print', 'nook init ~/src/app'],
  async run({ positionals, options, context }) {
    const { PROJECT_FILE } = await import('./project/find-project.ts');
    const { starterFile } = await import('./project/starter.ts');
    const folder = resolve((positionals.DIR as string | undefined) ?? '.');
    const [file, text] = [resolve(folder, PROJECT_FILE), starterFile(folder)];
    if (options.print === true) {
      context.stdout.write(text);
      return;
    }
    await writeFile(file, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') {
        throw new NookError('already_exists', `'${file}' is there already.`, { hint: 'Start what it says: nook up' });
      }
      throw new NookError('unavailable', `'${file}' cannot be written: ${error.message}.`, { cause: error });
    });
    if (context.json) context.out.json({ file });
    else context.out.note(`nook: wrote ${file}; start it: nook up`);
  },
};

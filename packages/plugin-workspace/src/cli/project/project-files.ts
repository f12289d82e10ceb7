import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type CliContext, NookError } from '@nook/daemonapi';
import { shellInGuest } from '../workspace/guest-command.ts';
import type { ProjectMachine } from './read-project.ts';
import { runQuietly } from './run-quietly.ts';

/** `$1` a mode, `$2` a path. */
const MODE_SCRIPT = 'chmod "$1" "$2"';
const FOLDER_SCRIPT = 'mkdir -p "$(dirname "$1")"';

/** Path in the guest → a hash of what is to be there, and how. @throws NookError `not_found`, `bad_params` */
export async function fileHashes({ machine, files = [] }: ProjectMachine): Promise<Record<string, string>> {
  const hashes = await Promise.all(
    files.map(async ({ source, target, mode }) => {
      const about = await stat(source).catch((cause) => {
        throw new NookError('not_found', `Machine '${machine}' is to have '${source}', which is not there.`, { cause });
      });
      if (!about.isFile()) {
        throw new NookError('bad_params', `'${source}' of machine '${machine}' is no file.`, {
          hint: 'A folder is copied as the workspace, or mounted: see mounts.',
        });
      }
      const hash = createHash('sha256')
        .update(await readFile(source))
        .digest('hex');
      return [target, `${mode} ${hash}`] as const;
    }),
  );
  return Object.fromEntries(hashes);
}

/** Copies the file that is to be at `target` into the VM. */
export async function putFile(context: CliContext, { vm, files = [] }: ProjectMachine, target: string): Promise<void> {
  const file = files.find((each) => each.target === target);
  if (file === undefined) return;
  await shellInGuest(context, vm, { script: FOLDER_SCRIPT, args: [target], what: 'Making a folder' });
  await runQuietly(context, ['vm', 'cp', file.source, `${vm}:${target}`]);
  await shellInGuest(context, vm, { script: MODE_SCRIPT, args: [file.mode, target], what: 'Setting a mode' });
}

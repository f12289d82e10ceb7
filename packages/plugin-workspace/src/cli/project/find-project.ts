import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NookError } from '@nook/daemonapi';

export const PROJECT_FILE = 'nook.toml';

/**
 * The project's file: the one given, else the first on the way up from `folder`.
 * @throws NookError `not_found`
 */
export function findProject(given: string | undefined, folder: string): string {
  if (given !== undefined) return resolve(folder, given);
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, PROJECT_FILE);
    if (existsSync(file)) return file;
    if (at === dirname(at)) break;
  }
  throw new NookError('not_found', `There is no ${PROJECT_FILE} in '${folder}' or above it.`, {
    hint: 'Write one: nook init; or name it: --file PATH',
  });
}

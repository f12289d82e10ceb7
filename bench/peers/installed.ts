import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Daemons are where an ordinary user's PATH does not look. */
const ALSO = ['/usr/sbin', '/sbin'];

/** Where a program is, undefined when it is not installed. */
export async function installed(program: string): Promise<string | undefined> {
  for (const dir of [...(process.env.PATH ?? '').split(delimiter), ...ALSO]) {
    const path = join(dir, program);
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NookError } from '@nook/daemonapi';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** A user by name or number. @throws NookError `not_found`, `bad_params` */
export async function findUser(named: string): Promise<User> {
  if (!/^[a-z0-9_][a-z0-9_.-]{0,31}\$?$/i.test(named))
    throw new NookError('bad_params', `'${named}' is no user's name.`);
  const { stdout } = await promisify(execFile)('getent', ['passwd', named], { timeout: 10_000 }).catch((cause) => {
    throw new NookError('not_found', `There is no user '${named}'.`, { cause });
  });
  const [name = '', , uid = '', , , home = '/'] = stdout.trim().split(':');
  return { name, uid: Number(uid), home };
}

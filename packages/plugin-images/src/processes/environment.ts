import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'];
/** Whom Node trusts besides those that it knows. */
const AUTHORITIES = ['NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA'];

/** Search path of every child: the daemon's, then the places of system programs, which an ordinary user's lacks. */
function searchPath(): string {
  const own = process.env.PATH;
  return own === undefined || own === '' ? SYSTEM_PATH : `${own}:${SYSTEM_PATH}`;
}

/** All that a child sees of the daemon's environment. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = { PATH: searchPath(), LC_ALL: 'C', HOME: '/nonexistent' };
  for (const name of [...PROXIES, ...AUTHORITIES]) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...extra };
}

/** Absolute path of a program, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const directory of searchPath().split(':')) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

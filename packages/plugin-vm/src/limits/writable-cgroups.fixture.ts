import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { cgroupOf } from './own-cgroup.ts';

/** The hierarchy of cgroup v2, where this user may make a cgroup in it. */
export function writableCgroups(): string | undefined {
  const mount = cgroupOf('self')?.mount;
  try {
    if (mount !== undefined) accessSync(join(mount, 'cgroup.procs'), constants.W_OK);
    return mount;
  } catch {
    return undefined;
  }
}

import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Where one process is in the hierarchy of cgroup v2. */
export interface CgroupPlace {
  /** Where the hierarchy is mounted. */
  readonly mount: string;
  /** The cgroup's directory, absolute. */
  readonly dir: string;
}

/** @returns undefined when the hierarchy of cgroup v2 is not mounted, or when the process is not below what is mounted */
export function cgroupOf(pid: number | 'self', proc = '/proc'): CgroupPlace | undefined {
  let path: string | undefined;
  let mounts: string;
  try {
    path = /^0::(\/.*)$/m.exec(readFileSync(join(proc, String(pid), 'cgroup'), 'utf8'))?.[1];
    mounts = readFileSync(join(proc, 'self', 'mountinfo'), 'utf8');
  } catch {
    return undefined;
  }
  const mount = mounts.split('\n').map(cgroup2Mount).find(Boolean);
  // A process that is outside of this one's namespace of cgroups has a path that leads out of it.
  if (path === undefined || path.startsWith('/..') || mount === undefined) return undefined;
  const below = posix.relative(mount.root, path);
  return below.startsWith('..') ? undefined : { mount: mount.at, dir: join(mount.at, below) };
}

/** A line of mountinfo (proc_pid_mountinfo(5)): `ID PARENT DEV ROOT AT OPTIONS [FIELD…] - TYPE SOURCE …` */
function cgroup2Mount(line: string): { readonly root: string; readonly at: string } | undefined {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, at] = before.split(' ');
  if (!after.startsWith('cgroup2 ') || root === undefined || at === undefined) return undefined;
  return { root, at: at.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) };
}

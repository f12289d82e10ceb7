import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import type { MachineUser } from '@nook/daemonapi';

/** A file to be opened, or a descriptor that is open. */
export type InheritedFile = { readonly path: string; readonly writable?: boolean } | { readonly fd: number };

interface QemuSpawn {
  readonly cwd: string;
  /** Files that become file descriptors 3, 4, … of QEMU. */
  readonly inherit: readonly InheritedFile[];
  readonly user?: MachineUser | undefined;
}

/**
 * Starts QEMU in a session of its own, so that no terminal and no signal to a group of processes reaches it, and so that
 * the kernel kills it when this process dies. Its standard input is empty, its standard output and error are pipes.
 */
export function spawnQemu(qemu: string, args: readonly string[], options: QemuSpawn): ChildProcess {
  const opened: number[] = [];
  const open = ({ path, writable }: Extract<InheritedFile, { path: string }>) => {
    const fd = openSync(path, writable ? 'r+' : 'r');
    opened.push(fd);
    return fd;
  };
  try {
    const inherited = options.inherit.map((file) => ('fd' in file ? file.fd : open(file)));
    return spawn('setpriv', [...privileges(options.user), qemu, ...args], {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...inherited],
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function privileges(user: MachineUser | undefined): string[] {
  const deathSignal = ['--pdeathsig', 'KILL'];
  if (!user) return deathSignal;
  const kvm = kvmGroup();
  const groups = kvm === undefined ? ['--clear-groups'] : ['--groups', String(kvm)];
  return [...deathSignal, '--reuid', String(user.uid), '--regid', String(user.gid), ...groups, '--no-new-privs'];
}

/** The group that owns /dev/kvm, where a group does. */
function kvmGroup(): number | undefined {
  const kvm = statSync('/dev/kvm', { throwIfNoEntry: false });
  return kvm === undefined || kvm.gid === 0 ? undefined : kvm.gid;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';

/** An unprivileged identity for QEMU, numbers only: nothing on the host need know it. */
export interface QemuUser {
  /** Used as uid and gid. */
  readonly uid: number;
  /** Supplementary groups, e.g. the one that owns /dev/kvm. */
  readonly groups: readonly number[];
}

interface QemuSpawn {
  readonly cwd: string;
  /** Files that become file descriptors 3, 4, … of QEMU. */
  readonly inherit: readonly string[];
  /** Files that follow them, some to be written to. */
  readonly drives?: readonly { readonly path: string; readonly read_only: boolean }[] | undefined;
  readonly user?: QemuUser | undefined;
}

/** First of the uids that nook gives to the QEMUs of a root daemon: above what distributions and containers hand out. */
const FIRST_UID = 0x6e6f0000;

/** The user for one VM's QEMU when this process is root's; undefined otherwise. VMs share one with a chance of 1 in 65 536. */
export function qemuUser(vmId: string): QemuUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const uid = FIRST_UID + (Number.parseInt(vmId.slice(0, 4), 16) || 0);
  return { uid, groups: kvmGroup() };
}

function kvmGroup(): number[] {
  const kvm = statSync('/dev/kvm', { throwIfNoEntry: false });
  return kvm === undefined || kvm.gid === 0 ? [] : [kvm.gid];
}

/**
 * Starts QEMU so that the kernel kills it when this process dies. Its standard input is empty, its standard output
 * and error are pipes.
 */
export function spawnQemu(qemu: string, args: readonly string[], options: QemuSpawn): ChildProcess {
  const inherited: number[] = [];
  try {
    for (const path of options.inherit) inherited.push(openSync(path, 'r'));
    for (const { path, read_only } of options.drives ?? []) inherited.push(openSync(path, read_only ? 'r' : 'r+'));
    return spawn('setpriv', [...privileges(options.user), qemu, ...args], {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe', ...inherited],
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
  } finally {
    for (const fd of inherited) closeSync(fd);
  }
}

function privileges(user: QemuUser | undefined): string[] {
  const deathSignal = ['--pdeathsig', 'KILL'];
  if (!user) return deathSignal;
  const groups = user.groups.length > 0 ? ['--groups', user.groups.join(',')] : ['--clear-groups'];
  const id = String(user.uid);
  return [...deathSignal, '--reuid', id, '--regid', id, ...groups, '--no-new-privs'];
}

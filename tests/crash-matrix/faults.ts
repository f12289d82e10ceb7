import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Shown } from '../harness/busybox-vm.ts';
import type { Home } from '../harness/home.ts';
import { processesOfNetwork } from '../harness/network-surplus.ts';
import { processesOf } from '../harness/surplus.ts';

/** What is done to a start or a stop at one of its points. `error` is a fault of the point itself. */
export const FAULTS = ['error', 'nookd', 'vmhost', 'qemu', 'client', 'frozen vmhost'] as const;
/** Likewise, to one of a VM on a network of several. */
export const NETWORK_FAULTS = ['nethost', 'frozen nethost'] as const;
export type Fault = (typeof FAULTS)[number] | (typeof NETWORK_FAULTS)[number];

export interface Scene {
  readonly home: Home;
  readonly vm: string;
  readonly victims: Victims;
  /** The command that starts or stops it. */
  readonly client: ChildProcess;
  /** Processes to be woken up again. */
  readonly frozen: number[];
}

/** Where the processes of a VM are found at once: some points are passed within a fraction of a second. */
export interface Victims {
  readonly nookd: number;
  /** The VM's folder; undefined while there is no such VM. */
  readonly dir: string | undefined;
}

export async function victims(home: Home, vm: string): Promise<Victims> {
  const { pid } = await home.json<{ pid: number }>('daemon', 'status');
  const shown = (await home.json<Shown[]>('vm', 'list')).find(({ name }) => name === vm);
  return { nookd: pid, dir: shown?.dir };
}

/** Those that need a machine that is there. */
export function needsMachine(fault: Fault): boolean {
  return fault === 'vmhost' || fault === 'qemu' || fault === 'frozen vmhost';
}

export async function inflict(fault: Fault, { home, vm, victims, client, frozen }: Scene): Promise<void> {
  if (fault === 'error') return;
  if (fault === 'client') return kill(client.pid);
  if (fault === 'nookd') return kill(victims.nookd);
  if (fault === 'nethost' || fault === 'frozen nethost') {
    const [nethost] = processesOfNetwork(join(home.dir, 'state/nets')).nethosts;
    return fault === 'nethost' ? kill(nethost) : freeze(nethost, frozen);
  }
  const dir = victims.dir ?? (await home.json<Shown>('vm', 'show', vm)).dir;
  const { vmhosts, qemus } = processesOf(dir);
  const [vmhost] = vmhosts;
  const [qemu] = qemus;
  if (fault === 'vmhost') return kill(vmhost);
  if (fault === 'qemu') return kill(qemu);
  freeze(vmhost, frozen);
}

function freeze(pid: number | undefined, frozen: number[]): void {
  if (pid === undefined) throw new Error('there is no process to freeze');
  frozen.push(pid);
  process.kill(pid, 'SIGSTOP');
}

function kill(pid: number | undefined): void {
  if (pid === undefined) throw new Error('there is no process to kill');
  process.kill(pid, 'SIGKILL');
}

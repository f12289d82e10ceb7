import { existsSync, readFileSync } from 'node:fs';
import type { Shown } from './busybox-vm.ts';
import { eventually } from './eventually.ts';
import type { Home } from './home.ts';

export function show(home: Home, name: string): Promise<Shown> {
  return home.json<Shown>('vm', 'show', name);
}

/** Waits until what is shown of a VM is as it should be. */
export function untilVm(
  home: Home,
  name: string,
  { what, is, timeoutMs }: { readonly what: string; readonly is: (vm: Shown) => boolean; readonly timeoutMs?: number },
): Promise<Shown> {
  return eventually(`${name}: ${what}`, () => show(home, name), is, timeoutMs);
}

/** Waits until the list of VMs is as it should be. */
export function untilVms(home: Home, what: string, are: (vms: readonly Shown[]) => boolean): Promise<Shown[]> {
  return eventually(what, () => home.json<Shown[]>('vm', 'list'), are);
}

export const untilFailed = (home: Home, name: string) =>
  untilVm(home, name, { what: 'failed', is: ({ state }) => state === 'failed' });
export const untilNoVms = (home: Home) => untilVms(home, 'there are no VMs', (vms) => vms.length === 0);

/** A process that its parent has not reaped yet is dead all the same. */
export function isGone(pid: number | undefined): boolean {
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || /\) [ZX] /.test(readFileSync(stat, 'utf8'));
}

/** The session of a process (field 6 of /proc/PID/stat). */
export function sessionOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

export async function untilGone(what: string, pid: number | undefined): Promise<void> {
  await eventually(`${what} is gone`, () => isGone(pid), Boolean);
}

/** Kills the daemon of a home, and with it whatever is named, all at once. */
export async function killNookd(home: Home, ...others: readonly (number | undefined)[]): Promise<void> {
  const { pid } = await home.json<{ pid: number }>('daemon', 'status');
  for (const each of [pid, ...others]) process.kill(each as number, 'SIGKILL');
  await untilGone('nookd', pid);
}

/** The words of a command that runs a script in a VM. */
export function scriptIn(vm: string, script: string): string[] {
  return ['vm', 'exec', vm, '--', 'sh', '-c', script];
}

import { execFile } from 'node:child_process';
import { cpus, getPriority, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { VmView } from '../packages/plugin-vm/src/contract.ts';
import { exec } from './exec-session.ts';
import type { Lab } from './lab.ts';
import { pageFaultMicroseconds } from './page-fault.ts';

export interface Conditions {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly memory: string;
  readonly kernel: string;
  readonly node: string;
  readonly qemu: string;
  /** Accelerator and machine type that the VMs of this run had. */
  readonly machine: string;
  /** Running processes averaged over one minute, when the run began. Above the number of CPUs, others were using them. */
  readonly load: number;
  /** Below 0, this run went before what others did. */
  readonly niceness: number;
  /** Microseconds for each page that is touched first: how fast the host itself is today. */
  readonly page_fault_us: number;
  readonly quick: boolean;
}

/** What the figures depend on. Boots one VM, which also brings image and kernel into the store. */
export async function conditions(lab: Lab): Promise<Conditions> {
  const [load = 0] = loadavg();
  const [cpu] = cpus();
  await using vm = await lab.vm('debian-12');
  await exec(lab, { vm: vm.name, argv: ['/bin/true'] });
  const { accelerator, machine } = await lab.call<VmView>('vm.show', { name: vm.name });
  const { commit } = await lab.call<{ commit: string }>('ping');
  const { stdout } = await promisify(execFile)('qemu-system-x86_64', ['--version']);
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit,
    cpu: `${cpus().length} × ${cpu?.model.trim()}`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`,
    kernel: release(),
    node: process.versions.node,
    qemu: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown',
    machine: `${machine}, ${accelerator === 'kvm' ? 'KVM' : 'emulation (no KVM)'}`,
    load,
    niceness: getPriority(),
    page_fault_us: pageFaultMicroseconds(),
    quick: lab.quick,
  };
}

export function describe(conditions: Conditions): [string, string][] {
  return [
    ['date', `${conditions.date} UTC`],
    ['commit', conditions.commit],
    ['CPUs', conditions.cpu],
    ['memory', conditions.memory],
    ['host kernel', conditions.kernel],
    ['Node', conditions.node],
    ['QEMU', conditions.qemu],
    ['VMs', `${conditions.machine}, 1 vCPU, 1 GiB`],
    ['load average at the start', conditions.load.toFixed(2)],
    ['page fault', `${conditions.page_fault_us.toFixed(1)} µs`],
    ...(conditions.niceness === 0 ? [] : [['niceness', String(conditions.niceness)] as [string, string]]),
    ...(conditions.quick ? [['run', 'quick: few samples'] as [string, string]] : []),
  ];
}

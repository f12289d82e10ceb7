/** For a guest: what a daemon does to hold a VM to its limits, with processes that eat instead of a VM. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { VmLimits } from '../../packages/plugin-vm/src/contract.ts';
import type { LimitsConfig } from '../../packages/plugin-vm/src/limits/limits-config.ts';
import { removeCgroup } from '../../packages/plugin-vm/src/limits/vm-cgroup.ts';
import { Limits } from '../../packages/plugin-vm/src/limits/vm-limits.ts';
import { ownOutOfMemory } from '../../packages/plugin-vm/src/limits/vmhost-scope.ts';

const MIB = 1024 ** 2;

/** What `daemon` prints. */
export interface Report {
  readonly limits: VmLimits;
  /** How long it took to put the process there. */
  readonly ms: number;
  /** What systemd says of the scope. */
  readonly shown?: string;
  readonly host: HostReport;
  /** Of the daemon, at the end. */
  readonly cgroup: string;
}

interface HostReport {
  readonly cgroup: string;
  readonly files: Readonly<Record<string, string>>;
  readonly signal: string | null;
  readonly starved?: string | undefined;
}

const ROLES: Readonly<Record<string, (...args: string[]) => Promise<void> | void>> = { daemon, host, eat };

/** `daemon BY ID MEBIBYTES`: what is eaten; the limit is 160 MiB. */
async function daemon(by = '', id = '', mebibytes = ''): Promise<void> {
  const config: LimitsConfig = {
    ...{ by: by as LimitsConfig['by'], required: false },
    ...{ memory_overhead: 64 * MIB, cpu_overhead: 0.5, pids_overhead: 99 },
  };
  const limits = new Limits(config);
  await limits.way();
  const vm = { id, name: 'probe', vcpus: 1, memory_bytes: 96 * MIB, accelerator: 'kvm' };
  const scope = await limits.prepare(vm);
  const child = startSelf(['host', id, mebibytes], 'pipe');
  const began = performance.now();
  const entered = await scope.enter(child.pid as number);
  const ms = Math.round(performance.now() - began);
  const shown = entered.kind === 'systemd' ? systemctlShow(entered.scope as string) : undefined;
  child.stdin?.write('go\n');
  const output = (await child.stdout?.toArray()) as Buffer[];
  if (scope.cgroup !== undefined) await removeCgroup(scope.cgroup);
  const report: Report = {
    ...{ limits: entered, ms, ...(shown === undefined ? {} : { shown }) },
    host: JSON.parse(Buffer.concat(output).toString()) as HostReport,
    cgroup: ownCgroup(),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** Stands for a vmhost: starts what eats once it is let go, and tells how that ended. */
async function host(id = '', mebibytes = ''): Promise<void> {
  await once(process.stdin, 'data');
  process.stdin.destroy();
  const eater = startSelf(['eat', mebibytes], 'ignore');
  const [, signal] = (await once(eater, 'exit')) as [number | null, string | null];
  const report: HostReport = { cgroup: ownCgroup(), files: files(), signal, starved: ownOutOfMemory(id) };
  process.stdout.write(JSON.stringify(report));
}

function eat(mebibytes = ''): void {
  const eaten: Buffer[] = [];
  for (let i = 0; i < Number(mebibytes); i++) eaten.push(Buffer.alloc(MIB, i + 1));
}

function startSelf(args: readonly string[], stdin: 'pipe' | 'ignore'): ChildProcess {
  const program = process.argv[1] as string;
  return spawn(process.execPath, [program, ...args], { stdio: [stdin, 'pipe', 'inherit'] });
}

function systemctlShow(scope: string): string {
  const properties = 'MemoryMax,CPUQuotaPerSecUSec,TasksMax,Slice,KillSignal,CollectMode';
  const user = process.getuid?.() === 0 ? [] : ['--user'];
  return execFileSync('systemctl', [...user, 'show', scope, '-p', properties], { encoding: 'utf8' });
}

const ownCgroup = () => readFileSync('/proc/self/cgroup', 'utf8').trim().slice('0::'.length);

function files(): Record<string, string> {
  const dir = join('/sys/fs/cgroup', ownCgroup());
  const names = ['memory.max', 'cpu.max', 'pids.max'];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), 'utf8').trim()]));
}

if (dirname(process.argv[1] ?? '') === '/opt') await ROLES[process.argv[2] as string]?.(...process.argv.slice(3));

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses, type RunningProcess } from '../../packages/wire/src/index.ts';

export interface Listed {
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly limits?: { readonly cgroup?: string | undefined } | undefined;
}

export interface ListedLayer {
  readonly file: string;
  readonly dependants: readonly string[];
}

/** How the folder of a machine begins that is booted to be a template: it has no record, and ends with its daemon. */
const TEMPLATE = 'template-';

/**
 * Compares what is listed with what is there: records == vmhosts == QEMUs == sockets == overlays == cgroups
 * (and frozen layers with dependants),
 * and each suspended VM has its memory.
 * @returns one sentence for each difference
 */
export function surplus(home: string, vms: readonly Listed[], layers: readonly ListedLayer[]): string[] {
  const found = layerDifferences(home, layers);
  const folder = join(home, 'state', 'vms');
  const ids = existsSync(folder) ? readdirSync(folder).filter((id) => !id.startsWith(TEMPLATE)) : [];
  for (const id of ids) if (!vms.some((vm) => vm.id === id)) found.push(`folder ${id} belongs to no VM`);
  const processes = processesUnder(folder);
  for (const { pid, argv } of processes) {
    if (argv.some((word) => word.startsWith(join(folder, TEMPLATE)))) continue;
    if (!vms.some(({ id }) => argv.includes(join(folder, id))))
      found.push(`process ${pid} belongs to no VM: ${argv.join(' ')}`);
  }
  for (const vm of vms) found.push(...differences(vm, join(folder, vm.id)));
  return found;
}

/** The living processes of the VM in this folder. */
export function processesOf(dir: string): { readonly vmhosts: number[]; readonly qemus: number[] } {
  const mine = processesUnder(dir).filter(({ argv }) => argv.includes(dir));
  const pids = (found: readonly RunningProcess[]) => found.map(({ pid }) => pid);
  return {
    vmhosts: pids(mine.filter(({ argv }) => argv.some((word) => word.includes('vmhost')))),
    qemus: pids(mine.filter(({ argv }) => argv[0]?.includes('qemu'))),
  };
}

function differences({ name, id, state, limits }: Listed, dir: string): string[] {
  const { vmhosts, qemus } = processesOf(dir);
  const running = state === 'running' || state === 'paused' ? 1 : 0;
  const counts: [string, number, number][] = [
    ['vmhosts', vmhosts.length, running],
    ['QEMUs', qemus.length, running],
    ['sockets', existsSync(join(dir, 'vmhost.sock')) ? 1 : 0, running],
    ['pid files', existsSync(join(dir, 'vmhost.pid')) ? 1 : 0, running],
    ['overlays', overlays(dir), running === 1 ? 1 : Math.min(overlays(dir), 1)],
    ['saved memories', existsSync(join(dir, 'saved')) ? 1 : 0, state === 'suspended' ? 1 : 0],
    ['cgroups', existsSync(limits?.cgroup ?? '') ? 1 : 0, limits?.cgroup === undefined ? 0 : running],
    ['unfinished files', unfinished(dir).length, 0],
  ];
  return counts
    .filter(([, there, expected]) => there !== expected)
    .map(([what, there, expected]) => `VM ${name} (${id}) is ${state} with ${there} ${what} instead of ${expected}`);
}

function overlays(dir: string): number {
  const folder = join(dir, 'machine');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.qcow2')).length : 0;
}

/** Frozen layers are files that something stands on, and nothing else is among them. */
function layerDifferences(home: string, layers: readonly ListedLayer[]): string[] {
  const folder = join(home, 'state', 'layers');
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return [
    ...files.filter((file) => !layers.some((layer) => layer.file === file)).map((file) => `${file} is no layer`),
    ...layers.filter(({ file }) => !files.includes(file)).map(({ file }) => `layer ${file} is gone`),
    ...layers.filter(({ dependants }) => dependants.length === 0).map(({ file }) => `nothing stands on ${file}`),
  ];
}

function unfinished(dir: string): string[] {
  return existsSync(dir)
    ? readdirSync(dir, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.tmp'))
    : [];
}

/**
 * Living processes (no zombies) that carry the folder in their command line.
 * @param variable of the environment, as `NAME=value`: those that have it count too
 */
export function processesUnder(folder: string, variable?: string): RunningProcess[] {
  return allProcesses().filter(
    ({ pid, argv }) =>
      pid !== process.pid &&
      (argv.some((word) => word.startsWith(folder)) || (variable !== undefined && hasVariable(pid, variable))),
  );
}

function hasVariable(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable);
  } catch {
    return false;
  }
}

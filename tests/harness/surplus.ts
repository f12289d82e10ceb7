import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Listed {
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly cause?: string;
}

/** The daemon was killed in the middle of a start, before or after that had made the disk. */
const INTERRUPTED = 'its start was interrupted';

/** How the folder of a machine begins that is booted to be a template: it has no record, and ends with its daemon. */
const TEMPLATE = 'template-';

interface Found {
  readonly pid: number;
  readonly argv: readonly string[];
}

/**
 * Compares what is listed with what is there: records == vmhosts == QEMUs == sockets == overlays.
 * @returns one sentence for each difference
 */
export function surplus(home: string, vms: readonly Listed[]): string[] {
  const found: string[] = [];
  const folder = join(home, 'state', 'vms');
  const ids = existsSync(folder) ? readdirSync(folder).filter((id) => !id.startsWith(TEMPLATE)) : [];
  for (const id of ids) if (!vms.some((vm) => vm.id === id)) found.push(`folder ${id} belongs to no VM`);
  const processes = processesUnder(folder);
  for (const { pid, argv } of processes) {
    if (argv.some((word) => word.startsWith(join(folder, TEMPLATE)))) continue;
    if (!vms.some(({ id }) => argv.includes(join(folder, id))))
      found.push(`process ${pid} belongs to no VM: ${argv.join(' ')}`);
  }
  for (const vm of vms) found.push(...differences(vm, join(folder, vm.id), processes));
  return found;
}

function differences({ name, id, state, cause }: Listed, dir: string, processes: readonly Found[]): string[] {
  const mine = processes.filter(({ argv }) => argv.includes(dir));
  const running = state === 'running' || state === 'paused' ? 1 : 0;
  const counts: [string, number, number][] = [
    ['vmhosts', mine.filter(({ argv }) => argv.some((word) => word.includes('vmhost'))).length, running],
    ['QEMUs', mine.filter(({ argv }) => argv[0]?.includes('qemu')).length, running],
    ['sockets', existsSync(join(dir, 'vmhost.sock')) ? 1 : 0, running],
    ['pid files', existsSync(join(dir, 'vmhost.pid')) ? 1 : 0, running],
    ['overlays', existsSync(join(dir, 'machine/disk.qcow2')) ? 1 : 0, state === 'created' ? 0 : 1],
  ];
  return counts
    .filter(([what, there, expected]) => there !== expected && !(what === 'overlays' && cause === INTERRUPTED))
    .map(([what, there, expected]) => `VM ${name} (${id}) is ${state} with ${there} ${what} instead of ${expected}`);
}

/** Living processes (no zombies) that carry the folder in their command line. */
function processesUnder(folder: string): Found[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const argv = commandLine(entry);
      return argv.some((word) => word.startsWith(folder)) ? [{ pid: Number(entry), argv }] : [];
    });
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

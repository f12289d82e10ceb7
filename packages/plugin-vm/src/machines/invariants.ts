import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { RunningProcess } from '@nook/wire';
import { type Daemon, endLeftovers, machineProcesses, ofFolder } from '../hosts/leftovers.ts';
import type { Layers } from '../layers/layers.ts';
import { TEMPLATE_FOLDER } from '../templates/template-files.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import { isLive } from './machine-core.ts';
import type { MachineRecord } from './records.ts';

interface Listed {
  readonly record: MachineRecord;
  readonly dir: string;
}

/** All machines of a home, as its daemon knows them. */
interface Known {
  all(): readonly Listed[];
  /** Folders of machines that are no VMs yet, or undefined while some are being made. */
  others(): ReadonlySet<string> | undefined;
}

interface Looked extends Daemon {
  readonly layers: Layers;
}

/** What belongs to nothing, and so is of use to nobody. */
interface Stray {
  readonly item: string;
  readonly evidence: string;
  /** What repairing it is, before and after. */
  readonly fix: string;
  readonly fixed: string;
  repair(): Promise<void>;
}

/** Whether records, folders, processes, sockets and layers are as many as belong together. */
export function invariantsCheck(folder: string, known: Known, daemon: Looked): DoctorCheck {
  const look = async (fix: boolean): Promise<DoctorFinding[]> => {
    const processes = machineProcesses(daemon.drivers.programs());
    const strays = [
      ...(await strayFolders(folder, { known, daemon, processes })),
      ...leftovers({ known, daemon, processes }),
      ...(await strayLayers(daemon.layers)),
    ];
    const findings: DoctorFinding[] = [];
    for (const stray of strays) findings.push(fix ? await repaired(stray) : broken(stray));
    findings.push(...lostLayers(daemon.layers));
    if (findings.length > 0) return findings;
    return [{ status: 'ok', item: 'invariants', evidence: counts({ known, daemon, processes }) }];
  };
  return { name: 'vm.invariants', run: () => look(false), fix: () => look(true) };
}

function broken({ item, evidence, fix }: Stray): DoctorFinding {
  return { status: 'error', item, evidence, repair: 'nook doctor --fix', fix };
}

async function repaired({ item, evidence, fixed, repair }: Stray): Promise<DoctorFinding> {
  await repair();
  return { status: 'ok', item, evidence, fixed };
}

interface Seen {
  readonly known: Known;
  readonly daemon: Looked;
  readonly processes: readonly RunningProcess[];
}

function counts({ known, daemon, processes }: Seen): string {
  const all = known.all();
  const own = all.reduce((sum, { dir }) => sum + ofFolder(dir, processes).length, 0);
  const layers = daemon.layers.records.all().length;
  return `${all.length} VMs, ${own} processes of theirs, ${layers} layers, and nothing that belongs to none`;
}

async function strayFolders(folder: string, { known, daemon, processes }: Seen): Promise<Stray[]> {
  const ids = await readdir(folder).catch(() => []);
  // Asked after the folder was read: what is made meanwhile is not in it.
  const others = known.others();
  if (!others) return [];
  const own = new Set(known.all().map(({ record }) => record.id));
  const stray = ids.filter((id) => !own.has(id) && !others.has(id) && !id.startsWith(TEMPLATE_FOLDER));
  return stray.map((id) => {
    const dir = join(folder, id);
    const pids = ofFolder(dir, processes);
    const more = pids.length === 0 ? '' : `, nor do its processes ${pids.join(', ')}`;
    return {
      ...{ item: `folder ${id}`, evidence: `${dir} belongs to no VM${more}` },
      ...{ fix: 'ends its processes and removes it', fixed: 'removed' },
      async repair() {
        await endLeftovers(dir, daemon);
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
}

/** What is left of machines that do not run. */
function leftovers({ known, daemon, processes }: Seen): Stray[] {
  const off = known.all().filter(({ record }) => !isLive(record.state));
  return off.flatMap(({ record, dir }) => {
    const pids = ofFolder(dir, processes);
    if (pids.length === 0 && !existsSync(join(dir, VM_FILES.socket))) return [];
    const what = pids.length === 0 ? 'its control socket is there' : `its processes ${pids.join(', ')} run`;
    return [
      {
        ...{ item: `VM '${record.name}'`, evidence: `it is ${record.state}, but ${what}` },
        ...{ fix: 'ends what is left of its latest run', fixed: 'ended' },
        repair: () => endLeftovers(dir, daemon),
      },
    ];
  });
}

async function strayLayers(layers: Layers): Promise<Stray[]> {
  return (await layers.strays()).map((file) => ({
    ...{ item: 'layers', evidence: `nothing stands on ${file}`, fix: 'removes it', fixed: 'removed' },
    repair: () => rm(file, { force: true }),
  }));
}

function lostLayers(layers: Layers): DoctorFinding[] {
  const lost = layers.records.all().filter(({ id }) => !existsSync(layers.path(id)));
  return lost.map(({ id }) => {
    const evidence = `${layers.path(id)} is gone; the VMs and snapshots that stand on it are lost`;
    return { status: 'error', item: `layer ${id}`, evidence, repair: 'Restore the file, or remove those VMs.' };
  });
}

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import { type Daemon, endLeftovers, processesOf } from '../hosts/leftovers.ts';
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

/**
 * Whether records, folders, processes, sockets and layers are as many as belong together. What belongs to nothing is of
 * use to nobody.
 */
export function invariantsCheck(folder: string, known: Known, daemon: Looked): DoctorCheck {
  const look = async (fix: boolean) => {
    const found = [
      ...(await folders(folder, known, { daemon, fix })),
      ...(await leftovers(known, { daemon, fix })),
      ...(await layers(daemon.layers, fix)),
    ];
    return found.length > 0 ? found : [{ status: 'ok' as const, item: 'invariants', evidence: counts(known, daemon) }];
  };
  return { name: 'vm.invariants', run: () => look(false), fix: () => look(true) };
}

interface Look {
  readonly daemon: Looked;
  readonly fix: boolean;
}

function counts(known: Known, { drivers, layers: { records } }: Looked): string {
  const all = known.all();
  const programs = drivers.programs();
  const processes = all.reduce((sum, { dir }) => sum + processesOf(dir, programs).length, 0);
  return `${all.length} VMs, ${processes} processes of theirs, ${records.all().length} layers, and nothing that belongs to none`;
}

async function folders(folder: string, known: Known, { daemon, fix }: Look): Promise<DoctorFinding[]> {
  const ids = await readdir(folder).catch(() => []);
  // Asked after the folder was read: what is made meanwhile is not in it.
  const others = known.others();
  if (!others) return [];
  const own = new Set(known.all().map(({ record }) => record.id));
  const stray = ids.filter((id) => !own.has(id) && !others.has(id) && !id.startsWith(TEMPLATE_FOLDER));
  return inTurn(stray, async (id) => {
    const dir = join(folder, id);
    const pids = processesOf(dir, daemon.drivers.programs());
    const processes = pids.length === 0 ? '' : `, nor do its processes ${pids.join(', ')}`;
    const strayed = { item: `folder ${id}`, evidence: `${dir} belongs to no VM${processes}` };
    if (!fix) return broken(strayed, 'ends its processes and removes it');
    await endLeftovers(dir, daemon);
    await rm(dir, { recursive: true, force: true });
    return { status: 'ok', ...strayed, fixed: 'removed' };
  });
}

/** What is left of machines that do not run. */
async function leftovers(known: Known, { daemon, fix }: Look): Promise<DoctorFinding[]> {
  const off = known.all().filter(({ record }) => !isLive(record.state));
  const found = off.flatMap(({ record, dir }) => {
    const pids = processesOf(dir, daemon.drivers.programs());
    const socket = existsSync(join(dir, VM_FILES.socket));
    if (pids.length === 0 && !socket) return [];
    const what = pids.length === 0 ? 'its control socket is there' : `its processes ${pids.join(', ')} run`;
    return [{ record, dir, evidence: `it is ${record.state}, but ${what}` }];
  });
  return inTurn(found, async ({ record, dir, evidence }) => {
    const left = { item: `VM '${record.name}'`, evidence };
    if (!fix) return broken(left, 'ends what is left of its latest run');
    await endLeftovers(dir, daemon);
    return { status: 'ok', ...left, fixed: 'ended' };
  });
}

async function layers(all: Layers, fix: boolean): Promise<DoctorFinding[]> {
  const stray = await all.strays();
  const lost = all.records.all().filter(({ id }) => !existsSync(all.path(id)));
  return [
    ...(await inTurn(stray, async (file) => {
      const found = { item: 'layers', evidence: `nothing stands on ${file}` };
      if (!fix) return broken(found, 'removes it');
      await rm(file, { force: true });
      return { status: 'ok', ...found, fixed: 'removed' };
    })),
    ...lost.map(({ id }): DoctorFinding => {
      const evidence = `${all.path(id)} is gone; the VMs and snapshots that stand on it are lost`;
      return { status: 'error', item: `layer ${id}`, evidence, repair: 'Restore the file, or remove those VMs.' };
    }),
  ];
}

function broken(finding: Pick<DoctorFinding, 'item' | 'evidence'>, fix: string): DoctorFinding {
  return { status: 'error', ...finding, repair: 'nook doctor --fix', fix };
}

async function inTurn<T>(all: readonly T[], work: (one: T) => Promise<DoctorFinding>): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const one of all) findings.push(await work(one));
  return findings;
}

import { type ImageConfig, type Migration, NookError, type Store } from '@nook/daemonapi';
import type { ProcessIdentity } from '@nook/wire';
import type { Labels } from '../changes/labels.ts';
import type { BootStep, CameUp, GuestInit, NetworkSpec, VmLimits, VmMount, VmState } from '../contract.ts';
import { featureMigration } from '../features/feature-records.ts';
import { layersMigration } from '../layers/layer-records.ts';
import { poolMigration } from '../pool/pool-records.ts';
import type { LastWords } from '../supervision/last-words.ts';
import type { Life } from '../supervision/life.ts';
import { supervisionMigration } from '../supervision/supervision-records.ts';
import { startTimesMigration } from './usual-times.ts';

export const migrations: readonly Migration[] = [
  {
    name: 'machines',
    sql: `CREATE TABLE vm_machines (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      cause TEXT,
      created_at INTEGER NOT NULL,
      spec TEXT NOT NULL,
      run TEXT NOT NULL
    ) STRICT`,
  },
  featureMigration,
  poolMigration,
  startTimesMigration,
  layersMigration,
  supervisionMigration,
];

/** What a VM is: fixed when it is created. */
interface MachineShape {
  /** Name of the driver that it runs on. */
  readonly driver: string;
  readonly image: string;
  readonly image_digest: string;
  readonly image_path: string;
  /** How the image wants to be run. Absent in records of earlier versions. */
  readonly image_config?: ImageConfig | undefined;
  /** The kernel that was asked for it. Absent: that of the config. */
  readonly kernel?: string | undefined;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly network: NetworkSpec;
  readonly auto_remove: boolean;
  /** Absent in records of earlier versions: `nook`. */
  readonly init?: GuestInit | undefined;
  /** Absent in records of earlier versions: none. */
  readonly mounts?: readonly VmMount[] | undefined;
  /** What becomes of it when its machine is booted next; absent: nothing. */
  readonly next?: Partial<MachineShape> | undefined;
  /** Absent in records of earlier versions: none. */
  readonly labels?: Labels | undefined;
  /** Absent in records of earlier versions: nothing of it. */
  readonly life?: Life | undefined;
  readonly mac: string;
  readonly machine_id: string;
}

/** The kernel that a VM keeps for as long as the same one is asked for. */
export interface KernelPin {
  /** What was asked for the VM, else `[vm] kernel`; null for the default kernel. */
  readonly asked: string | null;
  readonly digest: string;
}

/** The build of the guest's init that a VM keeps for as long as its protocol is spoken. */
export interface GuestPin {
  readonly digest: string;
  /** Version of the guest protocol. */
  readonly protocol: number;
}

/** What the latest start made of it. */
export interface MachineRun extends LastWords {
  /** Number of the latest boot; 0 before the first. */
  readonly boot: number;
  readonly started_at?: number | undefined;
  readonly ended_at?: number | undefined;
  readonly steps: readonly BootStep[];
  readonly came_up?: CameUp | undefined;
  /** It takes a member of the pool over, and that has not been confirmed. */
  readonly claim?: { readonly op_id: string; readonly session_expected: boolean } | undefined;
  /** What it booted, and what had been asked for then. Absent before the first start, and in earlier records. */
  readonly kernel?: KernelPin | undefined;
  /** Likewise. */
  readonly guest?: GuestPin | undefined;
  /** Why it did not come up the quicker way that was at hand. */
  readonly fallback?: string | undefined;
  readonly accelerator?: string | undefined;
  readonly machine?: string | undefined;
  /** The driver's full version. */
  readonly driver_version?: string | undefined;
  /** Absent in records of earlier versions. */
  readonly limits?: VmLimits | undefined;
  readonly vmhost?: ProcessIdentity | undefined;
  readonly qemu_pid?: number | undefined;
}

export interface MachineRecord {
  readonly id: string;
  readonly name: string;
  readonly state: VmState;
  readonly cause?: string | undefined;
  readonly created_at: number;
  readonly shape: MachineShape;
  readonly run: MachineRun;
  /** Why what the store has of it makes no sense; the shape is then none. */
  readonly unreadable?: string | undefined;
}

interface Row {
  id: string;
  name: string;
  state: VmState;
  cause: string | null;
  created_at: number;
  spec: string;
  run: string;
}

/** The VMs of this home, as the store keeps them. */
export class Records {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): MachineRecord[] {
    return this.#store.all<Row>('SELECT * FROM vm_machines ORDER BY created_at, name').map(fromRow);
  }

  /** @throws NookError `already_exists` */
  insert(record: MachineRecord): void {
    const { changes } = this.#store.run(
      'INSERT INTO vm_machines (id, name, state, cause, created_at, spec, run) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
      ...[record.id, record.name, record.state, record.cause ?? null, record.created_at],
      ...[JSON.stringify(record.shape), JSON.stringify(record.run)],
    );
    if (changes === 0) throw nameTaken(record.name);
  }

  /** All of what `work` writes, or nothing. */
  transaction<T>(work: () => T): T {
    return this.#store.transaction(work);
  }

  update({ id, state, cause, run }: MachineRecord): void {
    this.#store.run(
      'UPDATE vm_machines SET state = ?, cause = ?, run = ? WHERE id = ?',
      ...[state, cause ?? null, JSON.stringify(run), id],
    );
  }

  /** Writes what is otherwise left as it was made. */
  reshape({ id, shape }: MachineRecord): void {
    this.#store.run('UPDATE vm_machines SET spec = ? WHERE id = ?', JSON.stringify(shape), id);
  }

  /** @throws NookError `already_exists` */
  rename(id: string, name: string): void {
    const { changes } = this.#store.run('UPDATE OR IGNORE vm_machines SET name = ? WHERE id = ?', name, id);
    if (changes === 0) throw nameTaken(name);
  }

  delete(id: string): void {
    this.#store.run('DELETE FROM vm_machines WHERE id = ?', id);
  }
}

export function nameTaken(name: string): NookError {
  return new NookError('already_exists', `There is a VM named '${name}' already.`, {
    hint: `Choose another name, or remove it: nook vm rm ${name}`,
  });
}

/** What was true of every record before it was written down. */
const FIRST_SHAPE = { driver: 'qemu' };

/** Earlier versions knew one way to come up, and did not write it down. */
function runOf(text: string): MachineRun {
  const run = JSON.parse(text) as MachineRun;
  return run.steps.length > 0 && run.came_up === undefined ? { ...run, came_up: 'cold' } : run;
}

/** One that is damaged keeps no other from being read: it is there to be told of, and to be removed. */
function fromRow(row: Row): MachineRecord {
  try {
    return readRow(row);
  } catch (error) {
    const unreadable = (error as Error).message;
    const { id, name, created_at } = row;
    const cause = `its record cannot be read: ${unreadable}`;
    return { id, name, state: 'failed', cause, created_at, shape: NO_SHAPE, run: { boot: 0, steps: [] }, unreadable };
  }
}

const NO_SHAPE: MachineShape = {
  ...{ driver: 'unknown', image: 'unknown', image_digest: '', image_path: '' },
  ...{ vcpus: 0, memory_bytes: 0, disk_bytes: 0, network: { mode: 'none', publish: [] } },
  ...{ auto_remove: false, mac: '', machine_id: '' },
};

function readRow(row: Row): MachineRecord {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    ...(row.cause === null ? {} : { cause: row.cause }),
    created_at: row.created_at,
    shape: { ...FIRST_SHAPE, ...(JSON.parse(row.spec) as MachineShape) },
    run: runOf(row.run),
  };
}

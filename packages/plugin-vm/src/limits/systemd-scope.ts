import { DbusConnection, DbusError } from './dbus-connection.ts';
import type { DbusCall } from './dbus-message.ts';
import type { DbusValue } from './dbus-values.ts';
import type { ScopeFigures } from './scope-figures.ts';
import { STOP_SIGNAL } from './stop-signal.ts';

/** How long systemd has to make a scope. */
const DEADLINE_MS = 10_000;
/** A guest is given 10 s to end when the host is shut down. */
const STOP_US = 15_000_000n;
/** All VMs together: whoever looks after the host can limit that. */
const SLICE = 'nook.slice';
const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
};

interface Scope {
  /** `NAME.scope` */
  readonly unit: string;
  readonly description: string;
  readonly pids: readonly number[];
  /** Absent: it is held to nothing. */
  readonly figures?: ScopeFigures;
}

/** A manager of units: the host's, or that of one user. */
export class SystemdManager {
  readonly #socket: string;
  /** Before version 253 a scope has no such property, and goes on as it does here. */
  #oomPolicy = true;

  /** @param socket its private one, which is there without a message bus */
  constructor(socket: string) {
    this.#socket = socket;
  }

  /** What it says of itself. @throws when it does not answer, or not to this user */
  async version(): Promise<string> {
    using connection = await this.#open();
    const [answer] = await connection.call({
      ...{ ...MANAGER, interface: 'org.freedesktop.DBus.Properties', member: 'Get' },
      ...{ signature: 'ss', body: [MANAGER.interface, 'Version'] },
    });
    return String((answer as { value: DbusValue }).value);
  }

  /** Puts processes into a scope of their own; resolves when they are there. @throws when systemd does not do so */
  async startScope(scope: Scope): Promise<void> {
    using connection = await this.#open();
    try {
      await this.#start(connection, scope);
    } catch (error) {
      if (!(error instanceof DbusError) || error.kind !== 'org.freedesktop.systemd1.UnitExists') throw error;
      // Of an earlier start; whatever is left in it belongs to nobody.
      await endUnit(connection, scope.unit);
      await this.#start(connection, scope);
    }
  }

  async #start(connection: DbusConnection, scope: Scope): Promise<void> {
    try {
      await job(connection, startCall(scope, this.#oomPolicy));
    } catch (error) {
      if (!this.#oomPolicy || !(error as Error).message.includes('OOMPolicy')) throw error;
      this.#oomPolicy = false;
      await job(connection, startCall(scope, false));
    }
  }

  #open(): Promise<DbusConnection> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    return DbusConnection.open(this.#socket, deadline);
  }
}

function startCall({ unit, description, pids, figures }: Scope, oomPolicy: boolean): DbusCall {
  const property = (name: string, signature: string, value: DbusValue): DbusValue => [name, { signature, value }];
  const properties = [
    property('Description', 's', description),
    property('Slice', 's', SLICE),
    property('PIDs', 'au', [...pids]),
    // A scope is gone with its last process, however that ended.
    property('CollectMode', 's', 'inactive-or-failed'),
    ...(figures === undefined
      ? []
      : [
          property('MemoryMax', 't', BigInt(figures.memory_bytes)),
          property('CPUQuotaPerSecUSec', 't', BigInt(Math.round(figures.cpus * 1_000_000))),
          property('TasksMax', 't', BigInt(figures.pids)),
        ]),
    property('KillSignal', 'i', STOP_SIGNAL.number),
    property('TimeoutStopUSec', 't', STOP_US),
    // The vmhost stays, to tell of it.
    ...(oomPolicy ? [property('OOMPolicy', 's', 'continue')] : []),
  ];
  const body = [unit, 'fail', properties, []];
  return { ...MANAGER, member: 'StartTransientUnit', signature: 'ssa(sv)a(sa(sv))', body };
}

async function endUnit(connection: DbusConnection, unit: string): Promise<void> {
  const [signature, body] = ['ssi', [unit, 'all', 9]] as const;
  await connection.call({ ...MANAGER, member: 'KillUnit', signature, body }).catch(() => {});
  await job(connection, { ...MANAGER, member: 'StopUnit', signature: 'ss', body: [unit, 'replace'] }).catch(
    (error: unknown) => {
      // It went by itself.
      if (!(error instanceof DbusError) || error.kind !== 'org.freedesktop.systemd1.NoSuchUnit') throw error;
    },
  );
}

/** Has a job begun, and waits for its end. */
async function job(connection: DbusConnection, call: DbusCall): Promise<void> {
  const [path] = await connection.call(call);
  const { body } = await connection.signal(({ member, body: [, job] }) => member === 'JobRemoved' && job === path);
  const result = body[3];
  if (result !== 'done') throw new Error(`its job ended as '${result}'`);
}

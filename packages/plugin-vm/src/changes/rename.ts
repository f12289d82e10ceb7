import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { Machines } from '../machines/machines.ts';
import type { Renamed } from './change-contract.ts';

interface RenameParts {
  readonly machines: Machines;
  readonly dependencies: Pick<Dependencies, 'events' | 'log'>;
}

/**
 * Gives a VM another name. A guest that runs gets it as its host name; the processes of the machine keep the name that
 * they were started with.
 */
export async function rename(
  { machines, dependencies }: RenameParts,
  { name, to }: { readonly name: string; readonly to: string },
  caller: Caller,
): Promise<Renamed> {
  let told: Pick<Renamed, 'host_name' | 'why'> = { host_name: 'next_start' };
  const machine = await machines.rename(name, to, async (renamed, { running }) => {
    const { id } = renamed.record;
    dependencies.log.info({ id, from: name, name: to }, 'vm renamed');
    dependencies.events.publish('vm.renamed', { id, from: name, name: to }, { durable: true });
    if (!running) return;
    const asked = renamed.guest.ask(caller, 'reconfigure', { params: { hostname: to } });
    told = await asked.then(
      () => ({ host_name: 'now' }),
      (error: Error) => ({ host_name: 'next_start', why: error.message }),
    );
  });
  return { vm: machine.view(), ...told };
}

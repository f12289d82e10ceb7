import { NookError } from '@nook/daemonapi';
import { suggestionHint } from '@nook/wire/suggest';
import type { ProjectMachineView, ServiceView } from '../../contract.ts';

/** The service called `[MACHINE/]SERVICE`. @throws NookError `not_found`, `bad_params` when several are called so */
export function findService(
  machines: readonly ProjectMachineView[],
  called: string,
): { readonly vm: string; readonly service: ServiceView } {
  const all = machines.flatMap(({ name: vm, machine, services }) =>
    services.map((service) => ({ vm, service, full: `${machine}/${service.name}` })),
  );
  const found = all.filter(({ full, service }) => full === called || service.name === called);
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) {
    throw new NookError('bad_params', `Several machines have a service '${called}'.`, {
      hint: `Say which: ${found.map(({ full }) => full).join(', ')}`,
    });
  }
  const hint = suggestionHint(
    called,
    all.map(({ full }) => full),
  );
  throw new NookError('not_found', `There is no service '${called}' that was started.`, {
    hint: hint ?? 'Start it: nook up',
  });
}

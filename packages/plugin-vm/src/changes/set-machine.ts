import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { VmSet, VmSettings } from './change-contract.ts';
import { planChanges } from './plan-changes.ts';
import { type Effect, SETTABLE } from './settable.ts';

/** Names of the settings, by what of a shape waits for the next start. */
const WAITING: Readonly<Record<string, keyof VmSettings>> = { vcpus: 'vcpus', memory_bytes: 'memory' };

/**
 * Changes what a VM is; all of it is checked before any of it is done. Written down first: what a crash comes between is
 * made so by the next start.
 */
export function setMachine(
  machine: Machine,
  settings: VmSettings,
  {
    dependencies,
    caller,
    dryRun,
  }: { readonly dependencies: Dependencies; readonly caller: Caller; readonly dryRun: boolean },
): Promise<VmSet> {
  return machine.change(async ({ fixed, up, reshape }) => {
    const changes = planChanges(settings, { record: machine.record, fixed }, dependencies);
    const changed = changes.map(({ field }) => field);
    const waits = () => Object.keys(machine.record.shape.next ?? {}).map((key) => WAITING[key] ?? key);
    if (dryRun) {
      const later = changed.filter((field) => fixed && SETTABLE[field].effect === 'next_start');
      return { vm: machine.view(), changed, restart_needed: [...new Set([...waits(), ...later])], under_way: [] };
    }
    const effects = new Map<Effect, string[]>();
    for (const { field, shape } of changes) {
      const before = machine.record.shape;
      reshape(shape);
      const { apply } = SETTABLE[field];
      if (!up || !apply) continue;
      const effect = await apply(machine, caller).catch((error) => {
        reshape(Object.fromEntries(Object.keys(shape).map((key) => [key, before[key as keyof typeof before]])));
        throw error;
      });
      effects.set(effect, [...(effects.get(effect) ?? []), field]);
    }
    return {
      ...{ vm: machine.view(), changed },
      restart_needed: [...waits(), ...(effects.get('next_start') ?? [])],
      under_way: effects.get('under_way') ?? [],
    };
  });
}

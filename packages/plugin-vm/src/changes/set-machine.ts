import type { Dependencies } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { VmSet, VmSettings } from './change-contract.ts';
import { planChanges } from './plan-changes.ts';

/** Names of the settings, by what of a shape waits for the next start. */
const WAITING: Readonly<Record<string, keyof VmSettings>> = { vcpus: 'vcpus', memory_bytes: 'memory' };

/** Changes what a VM is; all of it is checked before any of it is done. */
export function setMachine(machine: Machine, settings: VmSettings, dependencies: Dependencies): Promise<VmSet> {
  return machine.change(async ({ fixed, reshape }) => {
    const { changed, shape } = planChanges(settings, { record: machine.record, fixed }, dependencies);
    if (changed.length > 0) reshape(shape);
    const waiting = Object.keys(machine.record.shape.next ?? {});
    return { vm: machine.view(), changed, restart_needed: waiting.map((key) => WAITING[key] ?? key) };
  });
}

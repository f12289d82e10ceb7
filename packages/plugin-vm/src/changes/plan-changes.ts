import { isDeepStrictEqual } from 'node:util';
import type { Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import type { VmSettings } from './change-contract.ts';
import { SETTABLE, type SettableField } from './settable.ts';

type Shape = MachineRecord['shape'];

export interface PlannedChanges {
  readonly changed: readonly string[];
  readonly shape: Partial<Shape>;
}

/**
 * What is to be written down, all of it checked.
 * @param record `fixed` when its machine is up, or its memory saved: it stays then what it is until it is booted
 */
export function planChanges(
  settings: VmSettings,
  { record, fixed }: { readonly record: MachineRecord; readonly fixed: boolean },
  dependencies: Dependencies,
): PlannedChanges {
  const { next = {}, ...present }: Shape = record.shape;
  let [shape, later]: [Partial<Shape>, Partial<Shape>] = [{}, next];
  const changed: string[] = [];
  for (const [field, { effect, plan }] of Object.entries(SETTABLE) as [keyof VmSettings, SettableField<unknown>][]) {
    if (settings[field] === undefined) continue;
    const planned = plan(settings[field], record, dependencies);
    const due: Partial<Shape> = { ...present, ...next };
    if (Object.entries(planned).every(([key, value]) => isDeepStrictEqual(due[key as keyof Shape], value))) continue;
    changed.push(field);
    if (fixed && effect === 'next_start') later = { ...later, ...planned };
    else shape = { ...shape, ...planned };
  }
  // What is set back to what it is needs no start.
  const waiting = Object.entries(later).filter(
    ([key, value]) => !isDeepStrictEqual((present as Shape)[key as keyof Shape], value),
  );
  return { changed, shape: { ...shape, next: waiting.length === 0 ? undefined : Object.fromEntries(waiting) } };
}

import { isDeepStrictEqual } from 'node:util';
import type { Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import type { VmSettings } from './change-contract.ts';
import { SETTABLE, type SettableField } from './settable.ts';

type Shape = MachineRecord['shape'];

/** One setting that becomes another. */
export interface PlannedChange {
  readonly field: keyof VmSettings;
  /** What is written down of it. */
  readonly shape: Partial<Shape>;
}

/**
 * What is to be written down, one change after the other, all of it checked.
 * @param record `fixed` when its machine is up, or its memory saved: it stays then what it is until it is booted
 */
export function planChanges(
  settings: VmSettings,
  { record, fixed }: { readonly record: MachineRecord; readonly fixed: boolean },
  dependencies: Dependencies,
): readonly PlannedChange[] {
  const changes: PlannedChange[] = [];
  let shape: Shape = record.shape;
  for (const [field, { effect, plan }] of Object.entries(SETTABLE) as [keyof VmSettings, SettableField<unknown>][]) {
    if (settings[field] === undefined) continue;
    const planned = plan(settings[field], { ...record, shape }, dependencies);
    const due: Partial<Shape> = { ...shape, ...shape.next };
    if (Object.entries(planned).every(([key, value]) => isDeepStrictEqual(due[key as keyof Shape], value))) continue;
    const later = fixed && effect === 'next_start';
    const written = later ? { next: waiting(shape, planned) } : { ...planned, ...settled(shape, planned) };
    changes.push({ field, shape: written });
    shape = { ...shape, ...written };
  }
  return changes;
}

/** What waits for the next start; what is set back to what it is needs none. */
function waiting({ next, ...present }: Shape, planned: Partial<Shape>): Shape['next'] {
  return chosen({ ...next, ...planned }, (key, value) => !isDeepStrictEqual((present as Shape)[key], value));
}

/** What is set now waits no more. */
function settled({ next }: Shape, planned: Partial<Shape>): Pick<Shape, 'next'> {
  return next === undefined ? {} : { next: chosen(next, (key) => !(key in planned)) };
}

function chosen(shape: Partial<Shape>, wanted: (key: keyof Shape, value: unknown) => boolean): Shape['next'] {
  const entries = Object.entries(shape).filter(([key, value]) => wanted(key as keyof Shape, value));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

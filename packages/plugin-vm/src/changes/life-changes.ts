import { isNookError } from '@nook/daemonapi';
import type { Caller } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { MachineRecord } from '../machines/records.ts';
import { changeLife, type Life, limitsOf } from '../supervision/life.ts';
import type { LifeRequest } from '../supervision/life-contract.ts';
import type { Effect } from './settable.ts';

/** @throws NookError `bad_params` */
export function changedLife(change: LifeRequest, { shape }: MachineRecord): { readonly life: Life } {
  const life = changeLife(shape.life ?? {}, { ...change, auto_remove: shape.auto_remove });
  return { life: Object.fromEntries(Object.entries(life).filter(([, value]) => !isDefault(value))) };
}

function isDefault(value: Life[keyof Life]): boolean {
  return value === undefined || value === false || (typeof value === 'object' && value.mode === 'no');
}

/** Tells the vmhost, which ends its machine by them. */
export async function applyLimits(machine: Machine, caller: Caller): Promise<Effect> {
  const params = limitsOf(machine.record.shape.life);
  try {
    await machine.guest.ask(caller, 'limit', { params, anyState: true });
    return 'now';
  } catch (error) {
    return ofOlderVmhost(error);
  }
}

/** A vmhost of an earlier version cannot do it; the one of the next start can. */
export function ofOlderVmhost(error: unknown): Effect {
  if (isNookError(error) && isNookError(error.cause) && error.cause.code === 'unknown_method') return 'next_start';
  throw error;
}

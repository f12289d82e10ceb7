import { constants } from 'node:os';
import type { VmView } from '../contract.ts';
import { signalNumber } from '../signal-number.ts';
import type { Caller } from './dependencies.ts';
import type { Machine } from './machine.ts';

/**
 * Sends a signal to the process of a machine, through the vmhost, whose child that is: no other process that has its pid
 * meanwhile can get it. SIGKILL is certain and waited for, also where the vmhost does not obey.
 * @throws NookError `bad_params`, `not_running`, `unavailable` when its driver cannot
 */
export async function signalMachine(machine: Machine, text: string, caller: Caller): Promise<VmView> {
  const number = signalNumber(text);
  if (number === constants.signals.SIGKILL) {
    await machine.signal(number, caller).catch(() => {});
    return machine.kill(caller);
  }
  await machine.signal(number, caller);
  return machine.view();
}

import { stat } from 'node:fs/promises';
import type { GuestStats, VmStats } from '../contract.ts';
import { processStats } from '../hosts/process-stats.ts';
import type { Caller } from './dependencies.ts';
import type { Machine } from './machine.ts';

/** A vmhost gives its guest 2 s; a vmhost that is stuck itself is not waited for much longer. */
const ANSWER_MS = 2_500;

/** What a machine uses right now. One that does not answer is told by `missing`; it never fails. */
export async function statsOf(machine: Machine, caller: Caller, now: () => number): Promise<VmStats> {
  const { name, state, vmhost_pid, qemu_pid } = machine.view();
  const [guest, vmhost, qemu, disk] = await Promise.all([
    askGuest(machine, caller),
    processStats(vmhost_pid),
    processStats(qemu_pid),
    allocated(machine.disk),
  ]);
  return {
    ...{ name, state, at: now() },
    ...guest,
    ...(vmhost ? { vmhost } : {}),
    ...(qemu ? { qemu } : {}),
    ...(disk === undefined ? {} : { disk_bytes: disk }),
  };
}

async function askGuest(machine: Machine, caller: Caller): Promise<{ guest: GuestStats } | { missing: string }> {
  try {
    return { guest: await machine.guest.ask<GuestStats>(caller, 'stats', { timeoutMs: ANSWER_MS }) };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

async function allocated(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).blocks * 512;
  } catch {
    return undefined;
  }
}

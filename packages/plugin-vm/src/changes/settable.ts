import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { MachineRecord } from '../machines/records.ts';
import { checkMemory, checkVcpus, parseAmount } from '../machines/shape.ts';
import type { VmSettings } from './change-contract.ts';
import { growDisk, plannedDisk } from './disk-growth.ts';
import { checkLabels } from './labels.ts';
import { applyLimits, changedLife } from './life-changes.ts';

type Shape = MachineRecord['shape'];

/** When what was set is true of a machine that is up; `under_way`: the guest is still at it. */
export type Effect = 'now' | 'under_way' | 'next_start';

/** One thing about a VM that can be set after it was made. */
export interface SettableField<Value> {
  /** `next_start`: of a machine that is up, or saved with its memory, it is true when that is booted again. */
  readonly effect: 'now' | 'next_start';
  /**
   * What is written down.
   * @throws NookError `bad_params` when the value makes no sense, `conflict` when it does not fit the VM as it is
   */
  plan(value: Value, record: MachineRecord, dependencies: Dependencies): Partial<Shape>;
  /** Brings what is written down to a machine that is up; absent: nothing in the machine depends on it. */
  apply?(machine: Machine, caller: Caller): Promise<Effect>;
}

/** All that `vm.set` takes. Another field is a row here, in the contract, in its schema and in the command's options. */
export const SETTABLE: { readonly [K in keyof VmSettings]-?: SettableField<NonNullable<VmSettings[K]>> } = {
  labels: {
    effect: 'now',
    plan: (changes, { shape }) => {
      const labels = Object.entries({ ...shape.labels, ...changes }).filter(([, value]) => value !== null);
      return { labels: checkLabels(Object.fromEntries(labels) as Record<string, string>) };
    },
  },
  vcpus: {
    effect: 'next_start',
    plan: (vcpus) => ({ vcpus: checkVcpus(vcpus) }),
  },
  disk: {
    effect: 'now',
    plan: (disk, record, dependencies) => ({ disk_bytes: plannedDisk(disk, record, dependencies) }),
    apply: growDisk,
  },
  restart: { effect: 'now', plan: (restart, record) => changedLife({ restart }, record) },
  autostart: { effect: 'now', plan: (autostart, record) => changedLife({ autostart }, record) },
  idle_timeout: {
    effect: 'now',
    plan: (idle_timeout, record) => changedLife({ idle_timeout }, record),
    apply: applyLimits,
  },
  max_duration: {
    effect: 'now',
    plan: (max_duration, record) => changedLife({ max_duration }, record),
    apply: applyLimits,
  },
  memory: {
    effect: 'next_start',
    plan: (memory) => ({ memory_bytes: checkMemory(parseAmount('memory', memory)) }),
  },
};

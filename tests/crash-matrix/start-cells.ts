import { describe, it } from 'vitest';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { type Kind, kindNamed } from './kinds.ts';
import { scenes } from './scenes.ts';

interface Gate {
  readonly gate: string;
  /** There is a vmhost, and nearly always its QEMU. */
  readonly machine: boolean;
}

function gatesOf({ name, steps, withoutMachine }: Kind): Gate[] {
  const phases = name === 'pool' ? ['phase.agent'] : ['phase.machine', 'phase.agent'];
  return [
    ...steps.map((step, index) => ({ gate: `start.${step}`, machine: index >= withoutMachine })),
    ...phases.map((gate) => ({ gate, machine: true })),
  ];
}

/** Every fault at every point of a start of this kind. */
export function startCells(name: string): void {
  const kind = kindNamed(name);
  describe(`a start, ${name}`, () => {
    const here = scenes(kind);

    for (const { gate, machine } of gatesOf(kind)) {
      for (const fault of FAULTS) {
        if (needsMachine(fault) && !machine) continue;
        // Between the start of the vmhost and its report there may be no QEMU yet.
        if (fault === 'qemu' && gate === 'start.vmhost') continue;
        it(`${fault} at ${gate}`, async () => {
          const vm = await here.newVm();
          await runCell({ ...here, vm, command: kind.start(vm), gate, fault });
        });
      }
    }
  });
}

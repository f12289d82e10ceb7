import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Home } from '../harness/home.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { Gates } from './gates.ts';
import type { Kind } from './kinds.ts';

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

/** Every fault at every point of starts of these kinds. */
export function startCells(kinds: readonly Kind[]): void {
  describe.each(kinds)('a start, $name', (kind) => {
    let home: Home;
    let gates: Gates;
    let number = 0;

    beforeAll(async () => {
      gates = await Gates.create();
      home = await Home.create({ config: kind.config, env: { NOOK_VM_GATE: gates.dir } });
      await kind.prepare(home);
    });

    afterAll(async () => {
      await home[Symbol.asyncDispose]();
      await rm(gates.dir, { recursive: true });
    });

    for (const { gate, machine } of gatesOf(kind)) {
      for (const fault of FAULTS) {
        if (needsMachine(fault) && !machine) continue;
        // Between the start of the vmhost and its report there may be no QEMU yet.
        if (fault === 'qemu' && gate === 'start.vmhost') continue;
        it(`${fault} at ${gate}`, async () => {
          const vm = `vm-${++number}`;
          await kind.make(home, vm);
          await runCell({ home, gates, vm, command: kind.start(vm), gate, fault });
        });
      }
    }
  });
}

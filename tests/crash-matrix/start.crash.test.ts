import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { START_STEPS } from '../../packages/plugin-vm/src/machines/start-steps.ts';
import { Home } from '../harness/home.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { Gates } from './gates.ts';
import { KINDS } from './kinds.ts';

const STEPS = START_STEPS.map(({ name }) => name);
/** From here on there is a vmhost; its phases lie between this step and the next. */
const MACHINE_FROM = STEPS.indexOf('vmhost');
const GATES = [
  ...STEPS.map((name, index) => ({ gate: `start.${name}`, machine: index >= MACHINE_FROM })),
  ...['phase.machine', 'phase.agent'].map((gate) => ({ gate, machine: true })),
];

describe.each(KINDS)('a start, $name', (kind) => {
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

  for (const { gate, machine } of GATES) {
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

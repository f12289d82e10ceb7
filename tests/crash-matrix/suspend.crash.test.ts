import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { SUSPEND_STEPS } from '../../packages/plugin-vm/src/saved/suspend.ts';
import { Home } from '../harness/home.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { Gates } from './gates.ts';
import { KINDS } from './kinds.ts';

const kind = KINDS.find(({ name }) => name === 'template') as (typeof KINDS)[number];

/** In the vmhost: the memory is written; the machine is a saved one. */
const IN_VMHOST = ['save.memory', 'save.commit'];
/** Once it is saved there is no machine. */
const GONE = 'suspend.save';

describe('a suspend', () => {
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

  for (const gate of [...SUSPEND_STEPS.map(({ name }) => `suspend.${name}`), ...IN_VMHOST]) {
    for (const fault of FAULTS) {
      if (needsMachine(fault) && gate === GONE) continue;
      it(`${fault} at ${gate}`, async () => {
        const vm = `vm-${++number}`;
        await kind.make(home, vm);
        await home.ok('vm', 'start', vm);
        await runCell({ home, gates, vm, command: ['vm', 'suspend', vm], gate, fault });
      });
    }
  }
});

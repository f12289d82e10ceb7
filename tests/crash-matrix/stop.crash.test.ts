import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { STOP_STAGES } from '../../packages/plugin-vm/src/vmhost/stop-plan.ts';
import { Home } from '../harness/home.ts';
import { runCell } from './cell.ts';
import { FAULTS } from './faults.ts';
import { Gates } from './gates.ts';
import { KINDS } from './kinds.ts';

const kind = KINDS.find(({ name }) => name === 'template') as (typeof KINDS)[number];

describe('a stop', () => {
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

  for (const [index, stage] of STOP_STAGES.entries()) {
    for (const fault of FAULTS) {
      // A SIGKILL that the kernel does not carry out is nothing that a test can make.
      if (fault === 'error' && stage === 'kill') continue;
      it(`${fault} at ${stage}`, async () => {
        const vm = `vm-${++number}`;
        await kind.make(home, vm);
        await home.ok('vm', 'start', vm);
        const closedBefore = STOP_STAGES.slice(0, index).map((earlier) => `stop.${earlier}`);
        const command = ['vm', 'stop', '--timeout', '2', vm];
        await runCell({ home, gates, vm, command, gate: `stop.${stage}`, closedBefore, fault });
      });
    }
  }
});

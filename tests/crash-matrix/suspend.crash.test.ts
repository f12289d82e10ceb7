import { describe, it } from 'vitest';
import { SUSPEND_STEPS } from '../../packages/plugin-vm/src/saved/suspend.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { innerGates } from './gates.ts';
import { remember } from './memory.ts';
import { scenes } from './scenes.ts';

/** Once it is saved there is no machine. */
const GONE = 'suspend.save';

describe('a suspend', () => {
  const here = scenes();

  for (const gate of [...SUSPEND_STEPS.map(({ name }) => `suspend.${name}`), ...innerGates('suspend')]) {
    for (const fault of FAULTS) {
      if (needsMachine(fault) && gate === GONE) continue;
      it(`${fault} at ${gate}`, async () => {
        const vm = await here.runningVm();
        const memory = gate === 'save.memory' ? 'may be lost' : 'kept';
        await remember(here.home, vm);
        await runCell({ ...here, vm, command: ['vm', 'suspend', vm], gate, fault, memory });
      });
    }
  }
});

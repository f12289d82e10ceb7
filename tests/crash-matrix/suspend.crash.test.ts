import { describe, it } from 'vitest';
import { SUSPEND_STEPS } from '../../packages/plugin-vm/src/saved/suspend.ts';
import { runCell } from './cell.ts';
import { FAULTS, needsMachine } from './faults.ts';
import { scenes } from './scenes.ts';

/** In the vmhost: the memory is written; the machine is a saved one. */
const IN_VMHOST = ['save.memory', 'save.commit'];
/** Once it is saved there is no machine. */
const GONE = 'suspend.save';

describe('a suspend', () => {
  const here = scenes();

  for (const gate of [...SUSPEND_STEPS.map(({ name }) => `suspend.${name}`), ...IN_VMHOST]) {
    for (const fault of FAULTS) {
      if (needsMachine(fault) && gate === GONE) continue;
      it(`${fault} at ${gate}`, async () => {
        const vm = await here.runningVm();
        await runCell({ ...here, vm, command: ['vm', 'suspend', vm], gate, fault });
      });
    }
  }
});

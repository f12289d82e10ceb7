import { describe, it } from 'vitest';
import { STOP_STAGES } from '../../packages/plugin-vm/src/vmhost/stop-plan.ts';
import { runCell } from './cell.ts';
import { FAULTS } from './faults.ts';
import { scenes } from './scenes.ts';

describe('a stop', () => {
  const here = scenes();

  for (const [index, stage] of STOP_STAGES.entries()) {
    for (const fault of FAULTS) {
      // A SIGKILL that the kernel does not carry out is nothing that a test can make.
      if (fault === 'error' && stage === 'kill') continue;
      it(`${fault} at ${stage}`, async () => {
        const vm = await here.runningVm();
        const closedBefore = STOP_STAGES.slice(0, index).map((earlier) => `stop.${earlier}`);
        const command = ['vm', 'stop', '--timeout', '4', vm];
        await runCell({ ...here, vm, command, gate: `stop.${stage}`, closedBefore, fault });
      });
    }
  }
});

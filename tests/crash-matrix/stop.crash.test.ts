import { describe, it } from 'vitest';
import { STOP_STAGES, type StopStage } from '../../packages/plugin-vm/src/vmhost/stop-plan.ts';
import { runCell } from './cell.ts';
import { FAULTS } from './faults.ts';
import { kindNamed } from './kinds.ts';
import { scenes } from './scenes.ts';

/** Another for each stage: how a VM came up changes little of how it ends. */
const KINDS: Record<StopStage, string> = { agent: 'template', powerdown: 'cold', quit: 'resume', kill: 'pool' };

describe.each(STOP_STAGES.map((stage, index) => ({ stage, index, kind: KINDS[stage] })))(
  'a stop at $stage of a VM that came up by $kind',
  ({ stage, index, kind }) => {
    const here = scenes(kindNamed(kind));

    for (const fault of FAULTS) {
      // A SIGKILL that the kernel does not carry out is nothing that a test can make.
      if (fault === 'error' && stage === 'kill') continue;
      it(fault, async () => {
        const vm = await here.runningVm();
        const closedBefore = STOP_STAGES.slice(0, index).map((earlier) => `stop.${earlier}`);
        const command = ['vm', 'stop', '--timeout', '4', vm];
        await runCell({ ...here, vm, command, gate: `stop.${stage}`, closedBefore, fault });
      });
    }
  },
);

import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import { requireCapability } from '../machines/drivers.ts';
import type { MachineRecord } from '../machines/records.ts';
import { runSteps, type Step } from '../machines/step-runner.ts';
import type { SaveResult } from '../vmhost/saving.ts';
import { SAVED_FOLDER } from './saved-machine.ts';
import { aboutMachine } from './take-up.ts';

/** As long as a busy disk may take for all of a VM's memory. */
export const SAVE_MS = 120_000;

export interface SuspendContext {
  readonly record: MachineRecord;
  readonly dir: string;
  readonly link: VmhostLink;
  readonly dependencies: Dependencies;
  readonly caller: Caller;
}

/** What a vmhost began it also completes or takes back, whether or not anybody is left who asked for it. */
export const SUSPEND_STEPS: readonly Step<SuspendContext>[] = [{ name: 'save', run: save }];

/** Saves a machine that runs into its folder, and ends it. */
export async function suspendMachine(context: SuspendContext): Promise<void> {
  const { record, dependencies, caller } = context;
  requireCapability(
    dependencies.drivers.of({ name: record.name, driver: record.shape.driver }),
    'ram_snapshot',
    'suspend VMs',
  );
  await runSteps(SUSPEND_STEPS, context, dependencies.clock, {
    gates: 'suspend',
    onStep: (stage) => caller.progress({ stage }),
  });
}

async function save(context: SuspendContext): Promise<void> {
  const { record, dir, link, caller } = context;
  const folder = join(dir, SAVED_FOLDER);
  const about = await aboutMachine(record, dir);
  await link.call<SaveResult>('save', { folder, about, end: true }, { opId: caller.opId, timeoutMs: SAVE_MS });
}

/** What a suspended VM says when it cannot go on. Its memory is kept. */
export function cannotResume(name: string, cause: Error): NookError {
  return new NookError('conflict', `VM '${name}' could not be resumed: ${cause.message.replace(/\.$/, '')}.`, {
    hint: `Its memory is kept. To do without and boot it from its disk: nook vm start --discard-ram ${name}`,
    cause,
  });
}

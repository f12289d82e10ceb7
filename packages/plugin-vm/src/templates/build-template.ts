import { randomBytes } from 'node:crypto';
import { constants, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_FEATURES } from '../features/start-features.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import { endVmhost, newToken, START_STEPS, type StartContext, templateInputs } from '../machines/start-steps.ts';
import { runSteps } from '../machines/step-runner.ts';
import { DISK_FILE, VM_FILES } from '../vmhost/host-spec.ts';
import { TEMPLATE_FILES } from './template-files.ts';
import { templateKey } from './template-key.ts';

/**
 * What a template is made for: the shape of a VM, without what makes it this one. Its PID 1 is nook's: the image's own
 * init begins in each VM, with that VM's identity.
 */
export type TemplateShape = Omit<
  MachineRecord['shape'],
  'mac' | 'machine_id' | 'network' | 'auto_remove' | 'init' | 'mounts'
>;

/** A first command costs the guest most of what it reads; a second one finds the rest. */
const REHEARSALS = 2;
const REHEARSE_MS = 20_000;
const SAVE_MS = 60_000;

/** Boots a guest of this shape, saves it, and ends it. @returns the template's key */
export async function buildTemplate(shape: TemplateShape, dependencies: Dependencies, caller: Caller): Promise<string> {
  const context = contextFor(shape, dependencies, caller);
  const { store } = dependencies.templates;
  try {
    await runSteps(START_STEPS, context, dependencies.clock, {
      onStep: (stage) => {
        caller.signal.throwIfAborted();
        caller.progress({ stage });
      },
    });
    const inputs = templateInputs(context);
    const dir = await store.open(inputs);
    await saveInto(dir, context);
    caller.progress({ stage: 'store' });
    const disk = join(context.dir, VM_FILES.machine, DISK_FILE);
    await copyFile(disk, join(dir, TEMPLATE_FILES.disk), constants.COPYFILE_FICLONE);
    await store.publish(dir, { inputs, image_name: shape.image });
    await dependencies.templates.trim();
    return templateKey(inputs);
  } finally {
    await endVmhost(context);
    await rm(context.dir, { recursive: true, force: true });
  }
}

async function saveInto(dir: string, { link, caller }: StartContext): Promise<void> {
  if (!link) throw new Error('the machine of a template did not start');
  const { opId, signal } = caller;
  caller.progress({ stage: 'rehearse' });
  for (let i = 0; i < REHEARSALS; i++) {
    await link.call('rehearse', { argv: ['/bin/true'] }, { opId, signal, timeoutMs: REHEARSE_MS });
  }
  caller.progress({ stage: 'save' });
  const to = { ram: join(dir, TEMPLATE_FILES.memory), devices: join(dir, TEMPLATE_FILES.state) };
  await link.call('save', { ...to, end: true }, { opId, signal, timeoutMs: SAVE_MS });
  await link.closed;
}

/** A machine without a record: its folder is found and removed like any that belongs to none. */
function contextFor(shape: TemplateShape, dependencies: Dependencies, caller: Caller): StartContext {
  const { dirs, drivers, clock } = dependencies;
  const id = randomBytes(6).toString('hex');
  const name = `template-${id}`;
  return {
    record: {
      ...{ id, name, state: 'starting', created_at: clock.now(), run: { boot: 0, steps: [] } },
      shape: {
        ...shape,
        network: { mode: 'user', publish: [] },
        auto_remove: false,
        mac: '52:54:00:00:00:00',
        machine_id: '0'.repeat(32),
      },
    },
    driver: drivers.of({ name, driver: shape.driver }),
    ...{ dir: join(dirs.state, 'vms', name), boot: 1, token: newToken(), sessionExpected: false },
    ...{ cold: true, forTemplate: true, features: NO_FEATURES, dependencies, caller },
  };
}

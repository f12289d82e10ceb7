import { randomBytes } from 'node:crypto';
import { constants, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { NO_FEATURES } from '../features/start-features.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import { requireCapability } from '../machines/drivers.ts';
import type { ResolvedShape } from '../machines/resolve-shape.ts';
import {
  BRING_UP_STEPS,
  endVmhost,
  newToken,
  PREPARE_STEPS,
  type StartContext,
  templateInputs,
} from '../machines/start-steps.ts';
import { runSteps, type Step } from '../machines/step-runner.ts';
import { DISK_FILE, VM_FILES } from '../vmhost/host-spec.ts';
import { bytesOf, TEMPLATE_FILES, TEMPLATE_FOLDER } from './template-files.ts';
import { templateKey } from './template-key.ts';

/**
 * What a template is made for: the shape of a VM, without what a template leaves open. Its PID 1 is nook's: the image's
 * own init begins in each VM, with that VM's identity.
 */
export type TemplateShape = Omit<ResolvedShape, 'network' | 'auto_remove' | 'init' | 'mounts'>;

export interface EnsuredTemplate {
  readonly key: string;
  /** On the host's disk. */
  readonly bytes: number;
  /** False: it was there. */
  readonly made: boolean;
}

/** A first command costs the guest most of what it reads; a second one finds the rest. */
const REHEARSALS = 2;
const REHEARSE_MS = 20_000;
const SAVE_MS = 60_000;

/**
 * The template of this shape. Where there is none a guest is booted, saved, and ended.
 * @throws NookError `unavailable` when the driver cannot, or when no template of this size may be kept
 */
export async function ensureTemplate(
  shape: TemplateShape,
  dependencies: Dependencies,
  caller: Caller,
): Promise<EnsuredTemplate> {
  const context = contextFor(shape, dependencies, caller);
  requireCapability(context.driver, 'ram_snapshot', 'save VMs as templates');
  const { templates } = dependencies;
  await run(PREPARE_STEPS, context);
  const inputs = templateInputs(context);
  const found = await templates.store.find(inputs);
  if (found) return { key: found.key, bytes: await bytesOf(found.dir), made: false };
  dependencies.admission.require('the guest of a template', shape.memory_bytes);
  try {
    await run(BRING_UP_STEPS, context);
    const dir = await templates.store.open(inputs);
    await saveInto(dir, context);
    caller.progress({ stage: 'store' });
    const disk = join(context.dir, VM_FILES.machine, DISK_FILE);
    await copyFile(disk, join(dir, TEMPLATE_FILES.disk), constants.COPYFILE_FICLONE);
    const bytes = await bytesOf(dir);
    await templates.publish(dir, { inputs, image_name: shape.image });
    if (!(await templates.store.has(inputs))) throw doesNotFit(shape.image, bytes);
    return { key: templateKey(inputs), bytes, made: true };
  } finally {
    await endVmhost(context);
    await rm(context.dir, { recursive: true, force: true });
  }
}

async function run(steps: readonly Step<StartContext>[], context: StartContext): Promise<void> {
  const { caller, dependencies } = context;
  await runSteps(steps, context, dependencies.clock, {
    onStep: (stage) => {
      caller.signal.throwIfAborted();
      caller.progress({ stage });
    },
  });
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
  const name = `${TEMPLATE_FOLDER}${id}`;
  return {
    record: {
      ...{ id, name, state: 'starting', created_at: clock.now(), run: { boot: 0, steps: [] } },
      shape: {
        ...shape,
        network: { mode: 'none', publish: [] },
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

function doesNotFit(image: string, bytes: number): NookError {
  const mebibytes = Math.ceil(bytes / 1024 ** 2);
  return new NookError(
    'unavailable',
    `A template of '${image}' takes ${mebibytes} MiB, and none of that size is kept.`,
    {
      hint: 'Raise max_count or max_bytes of [vm.templates] in config.toml.',
    },
  );
}

import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { NO_FEATURES } from '../features/start-features.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import { macOf } from '../machines/mac.ts';
import { endVmhost, newToken, START_STEPS, type StartContext } from '../machines/start-steps.ts';
import { runSteps } from '../machines/step-runner.ts';
import type { TemplateShape } from '../templates/ensure-template.ts';
import { PoolMember } from './pool-member.ts';

/** What the first command of a VM makes the emulator translate, and the second one still does. */
const REHEARSALS = 2;
const ORDER_MS = 20_000;

/** Restores a machine from the template of this shape and lets it stand still. Nothing is left when it fails. */
export async function restoreMember(
  shape: TemplateShape,
  dependencies: Dependencies,
  caller: Caller,
): Promise<PoolMember> {
  dependencies.admission.require('another machine of the pool', shape.memory_bytes);
  const context = contextFor(shape, dependencies, caller);
  try {
    await runSteps(START_STEPS, context, dependencies.clock, { onStep: () => caller.signal.throwIfAborted() });
    const { template, link, vmhost, setup } = context;
    if (!template || !link || !vmhost) {
      throw new NookError('unavailable', `The template of '${shape.image}' is gone.`);
    }
    const asking = { opId: caller.opId, signal: caller.signal, timeoutMs: ORDER_MS };
    for (let i = 0; i < REHEARSALS; i++) await link.call('rehearse', { argv: ['/bin/true'] }, asking);
    await link.call('pause', {}, asking);
    await link.until(({ state }) => state === 'paused', caller.signal);
    const { id, created_at } = context.record;
    const bytes = await memoryOf([vmhost.pid, link.status?.qemu_pid]);
    const run = { accelerator: setup?.accelerator, machine: setup?.machine, driver_version: setup?.version };
    const { token, limits } = context;
    const { mac } = context.record.shape;
    return new PoolMember({
      record: { ...{ id, created_at, mac, token, vmhost, bytes, run: { ...run, limits } }, template: template.key },
      ...{ dir: context.dir, link },
    });
  } catch (error) {
    await endVmhost(context);
    await rm(context.dir, { recursive: true, force: true });
    throw error;
  }
}

function contextFor(shape: TemplateShape, dependencies: Dependencies, caller: Caller): StartContext {
  const { dirs, drivers, clock } = dependencies;
  const id = randomBytes(6).toString('hex');
  const name = `pool-${id}`;
  return {
    record: {
      ...{ id, name, state: 'starting', created_at: clock.now(), run: { boot: 0, steps: [] } },
      shape: {
        ...shape,
        network: { mode: 'user', publish: [] },
        auto_remove: false,
        mac: macOf(id),
        machine_id: randomBytes(16).toString('hex'),
      },
    },
    driver: drivers.of({ name, driver: shape.driver }),
    ...{ dir: join(dirs.state, 'vms', id), boot: 1, token: newToken(), sessionExpected: false },
    ...{ cold: false, pooled: true, features: NO_FEATURES, dependencies, caller },
  };
}

/** Bytes of these processes; what they share with others is counted in part. */
async function memoryOf(pids: readonly (number | undefined)[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

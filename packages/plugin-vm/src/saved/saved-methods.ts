import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallContext, isNookError, type PluginContext } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import { forkMachine } from '../forks/fork-machine.ts';
import type { Dependencies } from '../machines/dependencies.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machines.ts';
import { named, noParams, vmView } from '../schemas.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import * as schema from './saved-schemas.ts';

interface Parts {
  readonly machines: Machines;
  readonly snapshots: Snapshots;
  readonly dependencies: Dependencies;
}

/** The rows of the dispatch table that save machines. */
export function registerSavedMethods(context: PluginContext<'vm', VmConfig>, parts: Parts): void {
  const { method } = context;
  const { machines, dependencies } = parts;
  method('vm.suspend', {
    summary: 'Saves the memory of a VM and ends it, to go on later where it was.',
    access: 'write',
    params: named,
    result: vmView,
    run: ({ name }, call) => machines.get(name).suspend(call),
  });
  method('vm.fork', {
    summary: 'Makes a second VM of one, as it is now, with an identity of its own.',
    access: 'write',
    params: schema.forkParams,
    result: schema.forkResult,
    run: ({ name, copy }, call) => fork(parts, { source: machines.get(name), copy }, call),
  });
  method('vm.layer.list', {
    summary: 'The frozen parts of disks, and what stands on them.',
    access: 'read',
    params: noParams,
    result: schema.layerList,
    run: () => {
      const { layers } = dependencies;
      return Promise.all(
        layers.records.all().map(async (layer) => {
          const file = layers.path(layer.id);
          const bytes = await stat(file).then(
            ({ blocks }) => blocks * 512,
            () => 0,
          );
          return { ...layer, bytes, dependants: layers.records.dependants(layer.id), file };
        }),
      );
    },
  });
  registerSnapshotMethods(context, parts);
}

function registerSnapshotMethods(
  { method }: PluginContext<'vm', VmConfig>,
  { machines, snapshots }: Pick<Parts, 'machines' | 'snapshots'>,
): void {
  method('vm.snapshot.create', {
    summary: 'Keeps a VM as it is now: its disk, and its memory when it has any.',
    access: 'write',
    params: schema.snapshotCreateParams,
    result: schema.snapshotView,
    run: ({ name, snapshot, disk_only }, call) =>
      snapshots.create(machines.get(name), { name: snapshot, diskOnly: disk_only ?? false }, call),
  });
  method('vm.snapshot.list', {
    summary: 'The snapshots of a VM, the oldest first.',
    access: 'read',
    params: named,
    result: schema.snapshotView.array(),
    run: ({ name }) => snapshots.list(machines.get(name)),
  });
  method('vm.snapshot.restore', {
    summary: 'Brings a VM back to a snapshot.',
    access: 'write',
    params: schema.snapshotRestoreParams,
    result: vmView,
    run: ({ name, snapshot, force, disk_only }, call) => {
      const request = { name: snapshot, force: force ?? false, diskOnly: disk_only ?? false };
      return snapshots.restore(machines.get(name), request, call);
    },
  });
  method('vm.snapshot.remove', {
    summary: 'Removes a snapshot of a VM.',
    access: 'write',
    params: schema.snapshotParams,
    result: schema.snapshotResult,
    run: async ({ name, snapshot }) => {
      await snapshots.remove(machines.get(name), snapshot);
      return { snapshot };
    },
  });
}

async function fork(
  { machines, dependencies }: Parts,
  { source, copy }: { readonly source: Machine; readonly copy: string | undefined },
  call: CallContext,
) {
  const dir = join(dependencies.dirs.state, 'vms');
  let pause_ms: number | undefined;
  const machine = await machines.copy(copy, async (name, insert) => {
    const taken = await source.hold((held) => forkMachine({ held, dependencies, caller: call }, { name, dir, insert }));
    pause_ms = taken.pause_ms;
  });
  const { id, name } = machine.record;
  dependencies.events.publish('vm.forked', { id, name, from: source.record.id }, { durable: true });
  const unpublished = source.record.shape.network.publish.length;
  if (machine.record.state !== 'suspended') return { vm: machine.view(), unpublished };
  try {
    return { vm: await machine.start(call, { sessionExpected: false }), pause_ms, unpublished };
  } catch (error) {
    await machine.remove(call, true).catch((removal: unknown) => {
      if (isNookError(removal) && removal.code === 'not_found') return;
      call.log.error({ error: String(removal) }, 'a copy that did not come up could not be removed');
    });
    throw error;
  }
}

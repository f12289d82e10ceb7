import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { registerChangeMethods } from './changes/change-methods.ts';
import { type VmConfig, vmConfig } from './config.ts';
import { featureCheck } from './features/doctor.ts';
import { FeatureRecords } from './features/feature-records.ts';
import { Features } from './features/features.ts';
import { LayerRecords } from './layers/layer-records.ts';
import { Layers } from './layers/layers.ts';
import { limitsCheck } from './limits/doctor.ts';
import { processScopes } from './limits/process-scopes.ts';
import { Limits } from './limits/vm-limits.ts';
import { Activity } from './machines/activity.ts';
import type { Dependencies } from './machines/dependencies.ts';
import { partsCheck } from './machines/doctor.ts';
import { Drivers } from './machines/drivers.ts';
import { GuestBuilds } from './machines/guest-builds.ts';
import { Initramfs } from './machines/initramfs.ts';
import { invariantsCheck } from './machines/invariants.ts';
import { Machines } from './machines/machines.ts';
import { migrations, Records } from './machines/records.ts';
import { sessionCalls } from './machines/session-calls.ts';
import { UsualTimes } from './machines/usual-times.ts';
import { registerMethods } from './methods.ts';
import { fillPool } from './pool/fill-pool.ts';
import { Pool } from './pool/pool.ts';
import { PoolRecords } from './pool/pool-records.ts';
import { qemuChecks } from './qemu/doctor.ts';
import { qemuDriver } from './qemu/driver.ts';
import { registerSavedMethods } from './saved/saved-methods.ts';
import { SnapshotRecords } from './snapshots/snapshot-records.ts';
import { Snapshots } from './snapshots/snapshots.ts';
import { Admission } from './supervision/admission.ts';
import { SupervisionRecords } from './supervision/supervision-records.ts';
import { TemplateBuilder } from './templates/template-builder.ts';
import { registerTemplateMethods } from './templates/template-methods.ts';
import { Templates } from './templates/templates.ts';

/** Virtual machines: records, lifecycle, commands in them. */
export const vm: PluginDefinition<'vm', VmConfig> = {
  name: 'vm',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: vmConfig,
  setup(context) {
    const { config, dirs, log, clock, events, store } = context;
    store.migrate(migrations);
    const qemu = qemuDriver({ cacheDir: dirs.cache, config, log });
    context.contribute('vm.driver', qemu.driver);
    const drivers = new Drivers(() => context.contributions('vm.driver'));
    const { auto, max_count: count, max_bytes: bytes, idle_seconds } = config.templates;
    const templates = new Templates({ dir: join(dirs.cache, 'templates'), bounds: { count, bytes }, log, clock });
    const features = new Features({
      contributed: () => context.contributions('vm.feature'),
      records: new FeatureRecords(store),
      log,
    });
    const layers = new Layers({ records: new LayerRecords(store), dir: join(dirs.state, 'layers'), clock });
    const limits = new Limits(config.limits);
    const dependencies: Dependencies = {
      records: new Records(store),
      supervision: new SupervisionRecords(store),
      admission: new Admission({ limits: config.admission, dir: dirs.state, committed: () => machines.committed() }),
      operations: context.operations,
      ...{ config, dirs, log, clock, events, drivers, templates, layers, limits },
      activity: new Activity(),
      usualTimes: new UsualTimes(store),
      initramfs: new Initramfs(dirs.cache),
      guestBuilds: new GuestBuilds(join(dirs.state, 'guests')),
      features,
      images: context.need('images'),
      kernels: context.need('kernels'),
      network: context.need('network'),
    };
    const idleMs = auto ? idle_seconds * 1000 : undefined;
    const { operations } = context;
    const builder = new TemplateBuilder({ dependencies, operations, idleMs });
    const { image, vcpus, memory, disk, ...pooling } = config.pool;
    const request = { image, vcpus, memory, disk };
    const pool = new Pool({
      settings: { size: pooling.size, maxBytes: pooling.max_memory, idleMs: pooling.idle_seconds * 1000 },
      records: new PoolRecords(store),
      ...{ dependencies, operations },
      fill: (filling, caller) => fillPool(filling, { request, builder, dependencies, caller }),
    });
    const machines: Machines = new Machines(dependencies, pool);
    registerMethods(context, machines);
    const snapshots = new Snapshots({
      records: new SnapshotRecords(store),
      dependencies,
    });
    registerSavedMethods(context, { machines, snapshots, dependencies });
    registerChangeMethods(context, { machines, dependencies });
    registerTemplateMethods(context, { dependencies, builder, pool });
    context.provide('vms', {
      imageUsers: (digest) => machines.imageUsers(digest),
      kernelUsers: (digest) => machines.kernelUsers(digest),
      networkOf: (name) => {
        const { record } = machines.get(name);
        return {
          id: record.id,
          up: record.state === 'running' || record.state === 'paused',
          network: record.shape.network,
        };
      },
      changeNetwork: async (name, change) => {
        const machine = machines.get(name);
        await machine.change(async ({ up, forward, reshape }) => {
          const { id, shape } = machine.record;
          reshape({ network: await change({ id, up, network: shape.network, forward }) });
        });
      },
      idOf: (name) => machines.get(name).record.id,
      ...sessionCalls(machines),
      nameOf: (id) => machines.all().find(({ record }) => record.id === id)?.record.name,
    });
    context.provide('scopes', processScopes(limits));
    for (const check of qemuChecks(qemu.acceleration, config)) context.contribute('doctor.check', check);
    context.contribute('doctor.check', limitsCheck(limits, config.limits));
    context.contribute('doctor.check', partsCheck(machines));
    context.contribute('doctor.check', invariantsCheck(join(dirs.state, 'vms'), machines, dependencies));
    context.contribute('doctor.check', featureCheck(machines));
    return {
      async start() {
        drivers.check(config.driver);
        features.check();
        await templates.store.sweep();
        await machines.recover();
        await snapshots.sweep(machines.all());
        // The first start is not to wait for it.
        void limits.way();
        pool.start();
      },
      async stop(signal) {
        machines.rest();
        builder.stop();
        await pool.stop();
        await machines.settle(signal);
      },
      async dispose() {
        machines.release();
        await templates.release();
      },
    };
  },
};

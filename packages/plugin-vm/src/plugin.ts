import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { type VmConfig, vmConfig } from './config.ts';
import { featureCheck } from './features/doctor.ts';
import { FeatureRecords } from './features/feature-records.ts';
import { Features } from './features/features.ts';
import type { Dependencies } from './machines/dependencies.ts';
import { Drivers } from './machines/drivers.ts';
import { Initramfs } from './machines/initramfs.ts';
import { Machines } from './machines/machines.ts';
import { migrations, Records } from './machines/records.ts';
import { registerMethods } from './methods.ts';
import { qemuChecks } from './qemu/doctor.ts';
import { qemuDriver } from './qemu/driver.ts';
import { TemplateBuilder } from './templates/template-builder.ts';
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
    const dependencies: Dependencies = {
      records: new Records(store),
      ...{ config, dirs, log, clock, events, drivers, templates },
      initramfs: new Initramfs(dirs.cache),
      features,
      images: context.need('images'),
      kernels: context.need('kernels'),
      network: context.need('network'),
    };
    const machines = new Machines(dependencies);
    const idleMs = auto ? idle_seconds * 1000 : undefined;
    const builder = new TemplateBuilder({ dependencies, operations: context.operations, idleMs });
    registerMethods(context, machines);
    context.provide('vms', { imageUsers: (digest) => machines.imageUsers(digest) });
    for (const check of qemuChecks(qemu.acceleration, config)) context.contribute('doctor.check', check);
    context.contribute('doctor.check', featureCheck(machines));
    return {
      async start() {
        drivers.check(config.driver);
        features.check();
        await templates.store.sweep();
        await machines.recover();
      },
      async stop(signal) {
        builder.stop();
        await machines.settle(signal);
      },
      async dispose() {
        machines.release();
        await templates.release();
      },
    };
  },
};

import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { Acceleration } from './acceleration/acceleration.ts';
import { type VmConfig, vmConfig } from './config.ts';
import { vmChecks } from './doctor.ts';
import { featureCheck } from './features/doctor.ts';
import { FeatureRecords } from './features/feature-records.ts';
import { Features } from './features/features.ts';
import { Initramfs } from './machines/initramfs.ts';
import { Machines } from './machines/machines.ts';
import { migrations, Records } from './machines/records.ts';
import { registerMethods } from './methods.ts';

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
    const acceleration = new Acceleration({ cacheDir: dirs.cache, config, log });
    const features = new Features({
      contributed: () => context.contributions('vm.feature'),
      records: new FeatureRecords(store),
      log,
    });
    const machines = new Machines({
      records: new Records(store),
      ...{ config, dirs, log, clock, events, acceleration },
      initramfs: new Initramfs(dirs.cache),
      features,
      images: context.need('images'),
      kernels: context.need('kernels'),
      network: context.need('network'),
    });
    registerMethods(context, machines);
    context.provide('vms', { imageUsers: (digest) => machines.imageUsers(digest) });
    for (const check of vmChecks(acceleration, config)) context.contribute('doctor.check', check);
    context.contribute('doctor.check', featureCheck(machines));
    return {
      start() {
        features.check();
        return machines.recover();
      },
      stop: (signal) => machines.settle(signal),
      dispose: () => machines.release(),
    };
  },
};

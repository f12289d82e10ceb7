import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { type VmConfig, vmConfig } from './config.ts';
import { Drivers } from './machines/drivers.ts';
import { Initramfs } from './machines/initramfs.ts';
import { Machines } from './machines/machines.ts';
import { migrations, Records } from './machines/records.ts';
import { registerMethods } from './methods.ts';
import { qemuChecks } from './qemu/doctor.ts';
import { qemuDriver } from './qemu/driver.ts';

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
    const machines = new Machines({
      records: new Records(store),
      ...{ config, dirs, log, clock, events, drivers },
      initramfs: new Initramfs(dirs.cache),
      images: context.need('images'),
      kernels: context.need('kernels'),
      network: context.need('network'),
    });
    registerMethods(context, machines);
    context.provide('vms', { imageUsers: (digest) => machines.imageUsers(digest) });
    for (const check of qemuChecks(qemu.acceleration, config)) context.contribute('doctor.check', check);
    return {
      start() {
        drivers.check(config.driver);
        return machines.recover();
      },
      dispose: () => machines.release(),
    };
  },
};

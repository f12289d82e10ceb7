import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import './contract.ts';
import { registerMethods } from './methods.ts';
import { NetworkRecords, networksMigration } from './networks/network-records.ts';
import { Networks } from './networks/networks.ts';
import { userNetwork } from './user-network.ts';

const config = z.strictObject({});

/** Networks of VMs: QEMU's user-mode network, published ports, none, and networks of several VMs. */
export const network: PluginDefinition<'network', z.output<typeof config>> = {
  name: 'network',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config,
  setup(context) {
    context.store.migrate([networksMigration]);
    const vms = context.want('vms');
    const networks = new Networks({
      records: new NetworkRecords(context.store),
      clock: context.clock,
      vmName: (id) => (vms.available ? vms.nameOf(id) : undefined),
    });
    registerMethods(context, networks);
    context.provide('network', userNetwork);
  },
};

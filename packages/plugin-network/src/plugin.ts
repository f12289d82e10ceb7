import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import './contract.ts';
import { registerMethods } from './methods.ts';
import { hostCheck } from './nethosts/host-requirements.ts';
import { Nethosts } from './nethosts/nethosts.ts';
import { NetworkRecords, networksMigration } from './networks/network-records.ts';
import { Networks } from './networks/networks.ts';
import { nethostNetwork, vmNetwork } from './vm-network.ts';

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
    const nethosts = new Nethosts({ dir: join(context.dirs.state, 'nets'), log: context.log });
    registerMethods(context, { vms, networks, nethosts });
    context.provide('network', vmNetwork({ networks, nethosts }));
    context.contribute('doctor.check', hostCheck);
    return {
      start: () => nethosts.recover(networks.all().map((record) => nethostNetwork(networks, record))),
      dispose: () => nethosts.release(),
    };
  },
};

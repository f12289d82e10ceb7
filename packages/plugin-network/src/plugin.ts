import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import './contract.ts';
import { Decisions } from './egress/decide.ts';
import { lists } from './egress/lists.ts';
import { VmEgress } from './egress/vm-egress.ts';
import { registerMethods } from './methods.ts';
import { hostCheck } from './nethosts/host-requirements.ts';
import { networkInvariants } from './nethosts/invariants.ts';
import { namesCheck } from './nethosts/names-check.ts';
import { nethostCheck } from './nethosts/nethost-check.ts';
import { Nethosts } from './nethosts/nethosts.ts';
import {
  egressMigration,
  modeMigration,
  NetworkRecords,
  networksMigration,
  ownersMigration,
} from './networks/network-records.ts';
import { Networks } from './networks/networks.ts';
import { nethostNetwork, vmNetwork } from './vm-network.ts';

const config = z.strictObject({
  /** The `egress.policy` that is in charge. */
  egress_policy: z.string().min(1).max(63).default(lists.name),
  /** `ADDRESS[:PORT]` of the name server that networks ask; absent: the host's own. */
  dns: z
    .string()
    .regex(/^\d+\.\d+\.\d+\.\d+(?::\d{1,5})?$/, 'must be an IPv4 address, or ADDRESS:PORT')
    .optional(),
});

/** Networks of VMs: QEMU's user-mode network, published ports, none, and networks of several VMs. */
export const network: PluginDefinition<'network', z.output<typeof config>> = {
  name: 'network',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config,
  setup(context) {
    context.store.migrate([networksMigration, egressMigration, ownersMigration, modeMigration]);
    const vms = context.want('vms');
    const privileged = context.want('privileged');
    const scopes = context.want('scopes');
    const networks = new Networks({
      records: new NetworkRecords(context.store),
      clock: context.clock,
      vmName: (id) => (vms.available ? vms.nameOf(id) : undefined),
    });
    const dir = join(context.dirs.state, 'nets');
    const nethosts = new Nethosts({
      ...{ dir, log: context.log, dns: context.config.dns, privileged, scopes },
      onReport: ({ topic, data }) => context.events.publish(topic, data as never, { durable: true }),
    });
    const decisions = new Decisions(() => context.contributions('egress.policy'), context.config.egress_policy);
    const egress = new VmEgress({ vms, networks, nethosts, decisions });
    context.contribute('egress.policy', lists);
    registerMethods(context, { vms, networks, nethosts, egress, privileged });
    context.provide('network', vmNetwork({ networks, nethosts, egress }));
    context.contribute('doctor.check', hostCheck);
    const known = { networks: () => networks.all(), active: (id: string) => nethosts.active(id) };
    context.contribute('doctor.check', nethostCheck({ ...known, replace: (id, link) => nethosts.replace(id, link) }));
    context.contribute('doctor.check', namesCheck(known));
    context.contribute(
      'doctor.check',
      networkInvariants({
        dir,
        networks: () => networks.all(),
        remove: (id) => nethosts.remove({ id, mode: 'namespace' }),
      }),
    );
    return {
      start: () => nethosts.recover(networks.all().map((record) => nethostNetwork(networks, record))),
      dispose: () => nethosts.release(),
    };
  },
};

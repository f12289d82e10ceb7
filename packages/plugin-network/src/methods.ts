import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type { NetworkView, PrivilegedNeed, VmsNeed } from './contract.ts';
import type { VmEgress } from './egress/vm-egress.ts';
import { hostNames } from './nethosts/host-names.ts';
import { requireHelper, requireHost } from './nethosts/host-requirements.ts';
import type { Nethosts } from './nethosts/nethosts.ts';
import type { NetworkRecord } from './networks/network-records.ts';
import type { Networks } from './networks/networks.ts';
import { publishPort, unpublishPort } from './publish-running.ts';
import * as schema from './schemas.ts';

interface Parts {
  readonly vms: VmsNeed;
  readonly networks: Networks;
  readonly nethosts: Nethosts;
  readonly egress: VmEgress;
  readonly privileged: PrivilegedNeed;
}

/** The `net.*` rows of the dispatch table. */
export function registerMethods({ method }: Pick<PluginContext<'network'>, 'method'>, parts: Parts): void {
  const { networks, nethosts, egress, privileged } = parts;
  const view = async (record: NetworkRecord): Promise<NetworkView> => {
    const pid = (await nethosts.active(record.id))?.pid;
    return { ...networks.view(record), state: pid === undefined ? 'idle' : 'active', nethost_pid: pid };
  };
  method('net.create', {
    summary: 'Makes a network that several VMs can be on.',
    access: 'write',
    params: schema.newNetwork,
    result: schema.networkView,
    run: async (params) => {
      await (params.mode === 'bridge' ? requireHelper(privileged) : requireHost());
      return view(networks.create(params));
    },
  });
  method('net.list', {
    summary: 'The networks of several VMs, with the VMs on them.',
    access: 'read',
    params: schema.noParams,
    result: z.array(schema.networkView),
    run: () => Promise.all(networks.all().map(view)),
  });
  method('net.show', {
    summary: 'One network, with the VMs on it.',
    access: 'read',
    params: schema.named,
    result: schema.networkView,
    async run({ name }) {
      const record = networks.get(name);
      return { ...(await view(record)), names: await hostNames(record.mode, await nethosts.active(record.id)) };
    },
  });
  method('net.publish', {
    summary: 'Publishes a port of a VM on the host, also while it runs; port 0 of the host picks one.',
    access: 'write',
    params: schema.published,
    result: schema.publishedPort,
    run: (params, { opId }) => publishPort(parts, { ...params, opId }),
  });
  method('net.unpublish', {
    summary: 'Takes a published port of a VM back.',
    access: 'write',
    params: schema.published,
    result: schema.publishedPort,
    run: (params, { opId }) => unpublishPort(parts, { ...params, opId }),
  });
  method('net.policy.show', {
    summary: 'What a VM may reach, and what is enforced of it.',
    access: 'read',
    params: schema.ofVm,
    result: schema.egressView,
    run: ({ vm }) => egress.show(vm),
  });
  method('net.policy.set', {
    summary: 'Changes what a VM may reach, also while it runs.',
    access: 'write',
    params: schema.egressChange,
    result: schema.egressView,
    run: ({ vm, ...request }, { opId }) => egress.set(vm, request, opId),
  });
  method('net.policy.learn', {
    summary: 'What a VM used while its policy was audit, and the list that allows just that.',
    access: 'read',
    params: schema.ofVm,
    result: schema.egressLearnt,
    run: ({ vm }) => egress.learn(vm),
  });
  method('net.policy.lock', {
    summary: 'Allows a VM what it used while its policy was audit, and nothing else.',
    access: 'write',
    params: schema.ofVm,
    result: schema.egressView,
    run: ({ vm }, { opId }) => egress.lock(vm, opId),
  });
  method('net.delete', {
    summary: 'Removes a network that no VM is on.',
    access: 'write',
    params: schema.named,
    result: schema.removed,
    run: async ({ name }) => {
      await nethosts.remove(networks.delete(name));
      return { name };
    },
  });
}

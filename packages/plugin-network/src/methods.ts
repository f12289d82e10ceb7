import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type { NetworkView } from './contract.ts';
import type { NetworkRecord } from './networks/network-records.ts';
import type { Networks } from './networks/networks.ts';
import * as schema from './schemas.ts';

/** The `net.*` rows of the dispatch table. */
export function registerMethods({ method }: Pick<PluginContext<'network'>, 'method'>, networks: Networks): void {
  const view = (record: NetworkRecord): NetworkView => ({ ...networks.view(record), state: 'idle' });
  method('net.create', {
    summary: 'Makes a network that several VMs can be on.',
    access: 'write',
    params: schema.newNetwork,
    result: schema.networkView,
    run: (params) => view(networks.create(params)),
  });
  method('net.list', {
    summary: 'The networks of several VMs, with the VMs on them.',
    access: 'read',
    params: schema.noParams,
    result: z.array(schema.networkView),
    run: () => networks.all().map(view),
  });
  method('net.show', {
    summary: 'One network, with the VMs on it.',
    access: 'read',
    params: schema.named,
    result: schema.networkView,
    run: ({ name }) => view(networks.get(name)),
  });
  method('net.delete', {
    summary: 'Removes a network that no VM is on.',
    access: 'write',
    params: schema.named,
    result: schema.removed,
    run: ({ name }) => ({ name: networks.delete(name).name }),
  });
}

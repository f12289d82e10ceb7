import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import './contract.ts';
import { userNetwork } from './user-network.ts';

const config = z.strictObject({});

/** Networks of VMs. Today: QEMU's user-mode network, published ports, or none. */
export const network: PluginDefinition<'network', z.output<typeof config>> = {
  name: 'network',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config,
  setup(context) {
    context.provide('network', userNetwork);
  },
};

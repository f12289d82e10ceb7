import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from './contract.ts';
import { registerMethods } from './methods.ts';
import { SshKeys } from './ssh/ssh-keys.ts';
import { sshPort } from './ssh/ssh-port.ts';

const config = z.strictObject({});

/** Work in VMs: ssh into them through the guest channel, on every network. */
export const workspace: PluginDefinition<'workspace', z.output<typeof config>> = {
  name: 'workspace',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config,
  setup(context) {
    const vms = context.want('vms');
    const keys = new SshKeys({
      dir: join(context.dirs.state, 'ssh'),
      nameOf: (id) => (vms.available ? vms.nameOf(id) : undefined),
    });
    registerMethods(context, keys);
    context.contribute('vm.port', sshPort(keys));
  },
};

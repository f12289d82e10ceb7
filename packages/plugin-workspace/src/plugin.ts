import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from './contract.ts';
import { registerMethods } from './methods.ts';
import { SshKeys } from './ssh/ssh-keys.ts';
import { sshPort } from './ssh/ssh-port.ts';
import { Workspaces, workspacesMigration } from './workspaces.ts';

const config = z.strictObject({});

/** Work in VMs: repositories into them and patches back, ssh through the guest channel. */
export const workspace: PluginDefinition<'workspace', z.output<typeof config>> = {
  name: 'workspace',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config,
  setup(context) {
    const vms = context.want('vms');
    const { store, clock, dirs } = context;
    store.migrate([workspacesMigration]);
    const nameOf = (id: string) => (vms.available ? vms.nameOf(id) : undefined);
    const keys = new SshKeys({ dir: join(dirs.state, 'ssh'), nameOf });
    registerMethods(context, { keys, vms, workspaces: new Workspaces({ store, clock, nameOf }) });
    context.contribute('vm.port', sshPort(keys));
  },
};

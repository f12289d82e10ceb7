import { homedir } from 'node:os';
import { join } from 'node:path';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { type WorkspaceConfig, workspaceConfig } from './config.ts';
import type {} from './contract.ts';
import { fileSyncCheck, fileSyncFeature } from './file-sync/feature.ts';
import { followVms } from './follow-vms.ts';
import { registerMethods } from './methods.ts';
import { followServices } from './project/follow-services.ts';
import { registerProjectMethods } from './project/project-methods.ts';
import { ProjectRecords, projectsMigration } from './project/project-records.ts';
import { ServiceRecords, servicesMigration } from './project/service-records.ts';
import { Services } from './project/services.ts';
import { SshKeys } from './ssh/ssh-keys.ts';
import { sshPort } from './ssh/ssh-port.ts';
import { detectors } from './tooling/detectors.ts';
import { registerToolingMethods } from './tooling/methods.ts';
import { Workspaces, workspacesMigration } from './workspaces.ts';

/** Work in VMs: repositories into them and patches back, ssh through the guest channel, the machines of projects. */
export const workspace: PluginDefinition<'workspace', WorkspaceConfig> = {
  name: 'workspace',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: workspaceConfig,
  setup(context) {
    const vms = context.want('vms');
    const { store, clock, dirs, log, events } = context;
    store.migrate([workspacesMigration, projectsMigration, servicesMigration]);
    const nameOf = (id: string) => (vms.available ? vms.nameOf(id) : undefined);
    const keys = new SshKeys({ dir: join(dirs.state, 'ssh'), nameOf });
    const workspaces = new Workspaces({ store, clock, nameOf });
    registerMethods(context, { keys, vms, workspaces });
    registerToolingMethods(context);
    const services = new Services({ vms, clock, log, records: new ServiceRecords(store) });
    registerProjectMethods(context, { projects: new ProjectRecords({ store, nameOf }), services, vms });
    context.contribute('vm.port', sshPort(keys));
    for (const detector of detectors) context.contribute('workspace.tooling', detector);
    let { file_sync: files } = context.config;
    const syncing = { files: () => files, home: homedir(), log: context.log };
    context.contribute('vm.feature', fileSyncFeature(syncing));
    context.contribute('doctor.check', fileSyncCheck(syncing));
    const unsubscribe = [followVms(events, workspaces), followServices(events, services)];
    return {
      reload(next) {
        files = next.file_sync;
      },
      stop: () => services.close(),
      dispose() {
        for (const end of unsubscribe) end();
        services.close();
      },
    };
  },
};

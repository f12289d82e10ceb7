import { registerCli } from '@nook/daemonapi';
import { down } from './down.ts';
import { init } from './init.ts';
import { projectExec } from './project-exec.ts';
import { projectLogs } from './project-logs.ts';
import { projectSchema } from './project-schema.ts';
import { projectStatus } from './project-status.ts';
import { secretWarnings } from './secret-warnings.ts';
import { sshConfig } from './ssh-config.ts';
import { up } from './up.ts';
import { vmExecExtension } from './vm-exec-extension.ts';
import { vmRunExtension } from './vm-run-extension.ts';
import { vmSsh } from './vm-ssh.ts';
import { workspaceExport } from './workspace-export.ts';
import { workspacePrepare } from './workspace-prepare.ts';
import { workspaceStatus } from './workspace-status.ts';

const project = [init, up, down, projectStatus, projectLogs, projectExec, projectSchema];

registerCli({
  commands: [vmSsh, workspacePrepare, workspaceExport, workspaceStatus, ...project, sshConfig],
  extensions: [vmExecExtension, vmRunExtension, ...secretWarnings],
});

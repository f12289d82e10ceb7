import { registerCli } from '@nook/daemonapi';
import { sshConfig } from './ssh-config.ts';
import { vmExecExtension } from './vm-exec-extension.ts';
import { vmRunExtension } from './vm-run-extension.ts';
import { vmSsh } from './vm-ssh.ts';
import { workspaceExport } from './workspace-export.ts';
import { workspacePrepare } from './workspace-prepare.ts';
import { workspaceStatus } from './workspace-status.ts';

registerCli({
  commands: [vmSsh, workspacePrepare, workspaceExport, workspaceStatus, sshConfig],
  extensions: [vmExecExtension, vmRunExtension],
});

import { registerCli } from '@nook/daemonapi';
import { sshConfig } from './ssh-config.ts';
import { vmSsh } from './vm-ssh.ts';

registerCli({ commands: [vmSsh, sshConfig] });

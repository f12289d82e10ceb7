import { registerCli } from '@nook/daemonapi';
import { install } from './install.ts';
import { status } from './status.ts';
import { uninstall } from './uninstall.ts';

registerCli({ commands: [install, status, uninstall] });

import { registerCli } from '@nook/daemonapi';
import { install } from './install.ts';
import { restart } from './restart.ts';
import { status } from './status.ts';
import { uninstall } from './uninstall.ts';

registerCli({ commands: [install, status, restart, uninstall] });

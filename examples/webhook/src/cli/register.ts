import { registerCli } from '@nook/daemonapi';
import { set } from './set.ts';
import { stats } from './stats.ts';

registerCli({ commands: [set, stats] });

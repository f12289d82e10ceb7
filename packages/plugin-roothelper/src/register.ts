import { registerPlugin } from '@nook/daemonapi';
import type {} from './contract.ts';
import { roothelper } from './plugin.ts';

registerPlugin(roothelper);

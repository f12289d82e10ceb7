import { registerPlugin } from '@nook/daemonapi';
import type {} from './contract.ts';
import { vm } from './plugin.ts';

registerPlugin(vm);

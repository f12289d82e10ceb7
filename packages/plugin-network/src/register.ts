import { registerPlugin } from '@nook/daemonapi';
import type {} from './contract.ts';
import { network } from './plugin.ts';

registerPlugin(network);

import { registerPlugin } from '@nook/daemonapi';
import './contract.ts';
import { webhook } from './plugin.ts';

registerPlugin(webhook);

import { registerPlugin } from '@nook/daemonapi';
// What it declares must be seen by whoever imports this file, also when it was compiled.
import './contract.ts';
import { plugin } from './plugin.ts';

registerPlugin(plugin);

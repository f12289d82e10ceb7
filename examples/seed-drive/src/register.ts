import { registerPlugin } from '@nook/daemonapi';
import './contract.ts';
import { seedDrive } from './plugin.ts';

registerPlugin(seedDrive);

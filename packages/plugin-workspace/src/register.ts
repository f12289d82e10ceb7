import { registerPlugin } from '@nook/daemonapi';
import { workspace } from './plugin.ts';

registerPlugin(workspace);

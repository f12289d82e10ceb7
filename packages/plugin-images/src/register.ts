import { registerPlugin } from '@nook/daemonapi';
import { images } from './plugin.ts';

registerPlugin(images);

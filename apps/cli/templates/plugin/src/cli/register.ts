import { registerCli } from '@nook/daemonapi';
import { greet } from './greet.ts';

registerCli({ commands: [greet] });

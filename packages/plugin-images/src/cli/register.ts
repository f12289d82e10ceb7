import { registerCli } from '@nook/daemonapi';
import { imageCommands } from './image.ts';
import { kernelCommands } from './kernel.ts';

registerCli({ commands: [...imageCommands, ...kernelCommands] });

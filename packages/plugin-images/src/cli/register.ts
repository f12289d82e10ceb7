import { registerCli } from '@nook/daemonapi';
import { imageCommands } from './image.ts';
import { kernelCommands } from './kernel.ts';
import { pruneCommands } from './prune.ts';

registerCli({
  commands: [...imageCommands, ...kernelCommands, ...pruneCommands],
  names: { IMAGE: 'image.list', KERNEL: 'kernel.list' },
});

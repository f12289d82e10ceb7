import type { CliCommand } from '@nook/daemonapi';
import { SHAPE_OPTIONS, shapeRequest } from './shape-options.ts';

export const create: CliCommand = {
  name: 'vm create',
  summary: 'Make a VM without starting it',
  options: {
    ...SHAPE_OPTIONS,
    start: { help: 'start it as well' },
    'expect-session': { help: 'with --start and --rm: remove it too when no command comes within half a minute' },
  },
  examples: [
    'nook vm create --name web',
    'nook vm create --name big --vcpus 4 --memory 4G --start',
    'nook vm create --name job --restart on-failure:3 --idle-timeout 30m',
  ],
  async run({ options, context }) {
    using progress = context.progress();
    const vm = await context.call(
      'vm.create',
      {
        ...shapeRequest(options),
        ...(options.start === true ? { start: true } : {}),
        ...(options['expect-session'] === true ? { expect_session: true } : {}),
      },
      { onProgress: (update) => progress.update(update) },
    );
    if (context.json) context.out.json(vm);
    else context.out.line(vm.name);
  },
};

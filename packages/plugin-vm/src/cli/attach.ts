import type { CliCommand } from '@nook/daemonapi';
import { attachSession } from './attach-session.ts';
import { wholeNumber } from './shape-options.ts';

export const attach: CliCommand = {
  name: 'vm attach',
  summary: 'Attach to a session that runs in a VM',
  positionals: [
    { name: 'VM', required: true, help: 'name of the VM' },
    { name: 'SESSION', required: true, help: 'the session; see: nook vm exec --list VM' },
  ],
  options: {
    offset: { value: 'BYTES', help: 'leave out so much of its output, counted from its beginning' },
  },
  examples: ['nook vm attach web 3', 'nook vm attach --offset 4096 web 3'],
  failureExitCode: 125,
  async run({ positionals, options, context }) {
    const session = positionals.SESSION as string;
    const handle = await context.call('vm.exec.attach', { name: positionals.VM as string, session });
    const pty = context.stdin.isTTY === true && context.stdout.isTTY === true;
    return attachSession(context, handle, {
      ...{ pty, command: `session ${session}`, survivesHangup: true },
      ...(options.offset === undefined ? {} : { offset: wholeNumber(options.offset, 'offset') }),
    });
  },
};

import { type CliCommand, NookError } from '@nook/daemonapi';
import { attachSession } from './attach-session.ts';
import { EXEC_OPTIONS, execRequest } from './exec-options.ts';

export const exec: CliCommand = {
  name: 'vm exec',
  aliases: ['exec'],
  summary: 'Run a command in a running VM',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: { ...EXEC_OPTIONS, list: { help: 'list its sessions instead' } },
  trailing: { name: 'COMMAND', help: 'the command and its arguments; without one: a login shell' },
  examples: ['nook vm exec web -- ps aux', 'nook vm exec web', 'nook vm exec -d web -- ./long-job'],
  failureExitCode: 125,
  async run({ positionals, options, trailing, context }) {
    const name = positionals.VM as string;
    if (options.list === true) {
      const sessions = await context.call('vm.exec.list', { name });
      if (context.json) context.out.json(sessions.map((session) => ({ name: session.session, ...session })));
      else {
        context.out.table(
          ['SESSION', 'STATE', 'COMMAND'],
          sessions.map((session) => [session.session, session.state, session.argv.join(' ')]),
        );
      }
      return 0;
    }
    if (options.detach === true && trailing.length === 0) {
      throw new NookError('bad_params', 'A detached session needs a command.', { hint: 'Write it after --.' });
    }
    const request = execRequest(context, options, trailing);
    const handle = await context.call('vm.exec.start', {
      name,
      ...request,
      ...(options.detach === true ? { detach: true } : {}),
    });
    if (options.detach === true) {
      if (context.json) context.out.json({ vm: name, session: handle.session });
      else context.out.line(handle.session);
      return 0;
    }
    return attachSession(context, handle, {
      pty: request.pty !== undefined,
      command: trailing[0] ?? 'the login shell',
    });
  },
};

import { type CliCommand, type CliContext, NookError, type OptionValues } from '@nook/daemonapi';
import { attachSession } from './attach-session.ts';
import { EXEC_OPTIONS, execRequest } from './exec-options.ts';
import { listSessions } from './list-sessions.ts';

export const exec: CliCommand = {
  name: 'vm exec',
  aliases: ['exec'],
  summary: 'Run a command in a running VM',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    ...EXEC_OPTIONS,
    list: { help: 'list its sessions instead' },
    signal: { short: 's', value: 'SIGNAL', help: 'send a signal to --session instead' },
    session: { value: 'SESSION', help: 'which session gets the signal' },
    attendant: { help: 'not the work that a VM made with --rm is there for: the VM does not go with it' },
  },
  trailing: { name: 'COMMAND', help: 'the command and its arguments; without one: a login shell' },
  examples: [
    'nook vm exec web -- ps aux',
    'nook vm exec web',
    'nook vm exec -d web -- ./long-job',
    'nook vm exec --list web',
    'nook vm exec --signal TERM --session 3 web',
  ],
  failureExitCode: 125,
  async run({ positionals, options, trailing, context }) {
    const name = positionals.VM as string;
    if (options.list === true) return listSessions(context, name);
    if (options.signal !== undefined || options.session !== undefined) return sendSignal(context, name, options);
    if (options.detach === true && trailing.length === 0) {
      throw new NookError('bad_params', 'A detached session needs a command.', { hint: 'Write it after --.' });
    }
    const request = execRequest(context, options, trailing);
    const handle = await context.call('vm.exec.start', {
      name,
      ...request,
      ...(options.detach === true ? { detach: true } : {}),
      ...(options.attendant === true ? { attendant: true } : {}),
    });
    if (options.detach === true) {
      if (context.json) context.out.json({ vm: name, session: handle.session });
      else context.out.line(handle.session);
      return 0;
    }
    return attachSession(context, handle, {
      pty: request.pty !== undefined,
      command: trailing[0] ?? 'the login shell',
      survivesHangup: request.on_disconnect === 'keep',
    });
  },
};

async function sendSignal(context: CliContext, name: string, { signal, session }: OptionValues): Promise<number> {
  if (typeof signal !== 'string' || typeof session !== 'string') {
    throw new NookError('bad_params', 'A signal goes to one session.', {
      hint: `Write for instance: nook vm exec --signal TERM --session 3 ${name}`,
    });
  }
  const answer = await context.call('vm.exec.signal', { name, session, signal });
  if (context.json) context.out.json(answer);
  return 0;
}

import type { CliCommand } from '@nook/daemonapi';

/** What ssh itself answers when it fails. */
const SSH_FAILED = 255;

export const vmSsh: CliCommand = {
  name: 'vm ssh',
  aliases: ['ssh'],
  summary: 'Log in to a running VM by ssh, whatever its network',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    user: { short: 'u', value: 'USER', help: 'user to log in as (default root)' },
    'forward-agent': { short: 'A', help: 'let the VM use the keys of your ssh agent while you are there' },
    forward: { short: 'L', value: 'SPEC', multiple: true, help: 'forward a local port, as ssh -L takes it' },
    tty: { short: 't', help: 'give the command a terminal' },
  },
  trailing: { name: 'COMMAND', help: 'the command; without one: a login shell' },
  examples: ['nook vm ssh web', 'nook vm ssh web -- uptime', 'nook vm ssh -u app -L 8080:localhost:80 web'],
  failureExitCode: SSH_FAILED,
  async run({ positionals, options, trailing, context }) {
    const { ownConfig, writeOwnConfig } = await import('./ssh/own-config.ts');
    const { runSsh } = await import('./ssh/run-ssh.ts');
    const own = await ownConfig(context);
    await writeOwnConfig(own);
    const forwards = (options.forward as readonly string[] | undefined) ?? [];
    return runSsh(context, [
      ...['-F', own.path],
      ...(typeof options.user === 'string' ? ['-l', options.user] : []),
      ...(options['forward-agent'] === true ? ['-A'] : []),
      ...(options.tty === true ? ['-t'] : []),
      ...forwards.flatMap((spec) => ['-L', spec]),
      ...['--', `${positionals.VM}.nook`, ...trailing],
    ]);
  },
};

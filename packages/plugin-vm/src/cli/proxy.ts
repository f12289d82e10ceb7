import { type CliCommand, NookError } from '@nook/daemonapi';
import { attachSession } from './attach-session.ts';

/** What ssh configurations call a VM beside its name. */
const DOMAIN = /\.nook$/;

export const proxy: CliCommand = {
  name: 'vm proxy',
  summary: 'Join stdin and stdout to a TCP port of a running VM, whatever its network',
  positionals: [
    { name: 'VM', required: true, help: 'name of the VM, or VM.nook' },
    { name: 'PORT', required: true, help: 'TCP port in the guest' },
  ],
  options: {
    direct: { help: 'to what listens there, although nook itself answers that port (22: ssh)' },
  },
  examples: ['nook vm proxy web 80', "ssh -o ProxyCommand='nook vm proxy web 22' root@web"],
  async run({ positionals, options, context }) {
    const [name, port] = [(positionals.VM as string).replace(DOMAIN, ''), portOf(positionals.PORT as string)];
    const handle = await context.call('vm.connect', {
      ...{ name, port },
      ...(options.direct === true ? { direct: true } : {}),
    });
    return attachSession(context, handle, { pty: false, command: `port ${port}` });
  },
};

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new NookError('bad_params', `'${text}' is no TCP port.`, { hint: 'Give a number from 1 to 65535.' });
}

import { pipeline } from 'node:stream/promises';
import { type CliCommand, NookError } from '@nook/daemonapi';
import type { LogSource } from '../contract.ts';
import { sessionOutput } from './session-output.ts';
import { wholeNumber } from './shape-options.ts';

const SOURCES: readonly LogSource[] = ['console', 'vmhost', 'qemu'];

export const logs: CliCommand = {
  name: 'vm logs',
  summary: "Print a VM's console, the log of its vmhost, what QEMU said, or the output of a session",
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    follow: { short: 'f', help: 'go on until the VM, or the session, ends' },
    source: { value: 'SOURCE', help: 'console (default), vmhost or qemu' },
    session: {
      value: 'SESSION',
      help: 'what a command has written, without attaching to it; see: nook vm exec --list',
    },
    boot: { value: 'N', help: 'which boot, counted from 1 (default: the latest)' },
  },
  examples: [
    'nook vm logs web',
    'nook vm logs -f web',
    'nook vm logs --source vmhost web',
    'nook vm logs -f --session 3 web',
  ],
  async run({ positionals, options, context }) {
    if (options.session !== undefined) {
      if (options.source !== undefined || options.boot !== undefined) {
        throw new NookError(
          'bad_params',
          'A session has one output, of this boot: --session goes without --source and --boot.',
        );
      }
      const named = { name: positionals.VM as string, session: options.session as string };
      const handle = await context.call('vm.exec.attach', named);
      return sessionOutput(context, handle, options.follow === true);
    }
    const source = SOURCES.find((known) => known === (options.source ?? 'console'));
    if (!source)
      throw new NookError('bad_params', `'${options.source}' is not a source; use one of ${SOURCES.join(', ')}.`);
    const { stream } = await context.stream('vm.logs', {
      name: positionals.VM as string,
      source,
      ...(options.boot === undefined ? {} : { boot: wholeNumber(options.boot, 'boot') }),
      ...(options.follow === true ? { follow: true } : {}),
    });
    stream.end();
    await pipeline(stream, context.stdout, { end: false });
  },
};

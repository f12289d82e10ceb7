import { pipeline } from 'node:stream/promises';
import { type CliCommand, NookError } from '@nook/daemonapi';
import type { LogSource } from '../contract.ts';
import { wholeNumber } from './shape-options.ts';

const SOURCES: readonly LogSource[] = ['console', 'vmhost', 'qemu'];

export const logs: CliCommand = {
  name: 'vm logs',
  summary: "Print a VM's console, the log of its vmhost, or what QEMU said",
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    follow: { short: 'f', help: 'go on until the VM ends' },
    source: { value: 'SOURCE', help: 'console (default), vmhost or qemu' },
    boot: { value: 'N', help: 'which boot, counted from 1 (default: the latest)' },
  },
  examples: ['nook vm logs web', 'nook vm logs -f web', 'nook vm logs --source vmhost web'],
  async run({ positionals, options, context }) {
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

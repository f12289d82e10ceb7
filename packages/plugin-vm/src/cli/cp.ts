import { type CliCommand, NookError, type OptionValues } from '@nook/daemonapi';
import { parseSize } from '../size.ts';
import { wholeNumber } from './shape-options.ts';

export const cp: CliCommand = {
  name: 'vm cp',
  aliases: ['cp'],
  summary: 'Copy files and trees into a running VM, or out of one',
  positionals: [{ name: 'PATH', required: true, rest: true, help: 'SOURCE... TARGET, one side as VM:PATH' }],
  options: {
    follow: { short: 'L', help: 'copy what a source that is a symlink leads to' },
    preserve: { short: 'p', help: 'out of a VM: keep setuid and setgid bits too' },
    user: {
      short: 'u',
      value: 'USER[:GROUP]',
      help: 'user of the guest to read or write as, who owns the copy (default root)',
    },
    'max-size': { value: 'SIZE', help: 'out of a VM: give up beyond this (default: nine tenths of the free space)' },
    'max-entries': { value: 'N', help: 'out of a VM: give up beyond this many files (default 1000000)' },
  },
  examples: ['nook vm cp ./src web:/srv', 'nook vm cp web:/var/log/syslog .', 'nook vm cp web:/etc/nginx/. ./nginx'],
  async run({ positionals, options, context }) {
    const { planCopy } = await import('./copy/paths.ts');
    const plan = planCopy(positionals.PATH as readonly string[]);
    const { runCopy } = await import('./copy/run-copy.ts');
    return runCopy(context, plan, copyOptions(options));
  },
};

export interface CopyOptions {
  readonly follow: boolean;
  readonly preserve: boolean;
  readonly user?: string;
  readonly maxBytes?: number;
  readonly maxEntries: number;
}

const MAX_ENTRIES = 1_000_000;

function copyOptions(options: OptionValues): CopyOptions {
  const size = options['max-size'];
  const maxBytes = typeof size === 'string' ? parseSize(size) : undefined;
  if (size !== undefined && maxBytes === undefined) {
    throw new NookError('bad_params', `--max-size takes a size such as 2G, not '${size}'.`);
  }
  const entries = options['max-entries'];
  return {
    follow: options.follow === true,
    preserve: options.preserve === true,
    ...(typeof options.user === 'string' ? { user: options.user } : {}),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    maxEntries: entries === undefined ? MAX_ENTRIES : wholeNumber(entries, 'max-entries'),
  };
}

import { type CliCommand, NookError, type OptionValues } from '@nook/daemonapi';
import type { NetworkMode } from '../contract.ts';
import { EGRESS_OPTIONS, egressRequest } from './egress-options.ts';

export const create: CliCommand = {
  name: 'net create',
  summary: 'Make a network that several VMs can be on',
  positionals: [{ name: 'NAME', required: true, help: 'its name, a DNS label' }],
  options: {
    mode: {
      value: 'MODE',
      help: 'namespace (default), or bridge: this machine takes part in it; needs the root helper',
    },
    subnet: { value: 'A.B.C.D/PREFIX', help: 'private IPv4 subnet; a free one is chosen when absent' },
    subnet6: { value: 'PREFIX::/64', help: 'unique local IPv6 subnet; a random one when absent' },
    ...EGRESS_OPTIONS,
    isolated: { help: 'its VMs reach each other and nothing else' },
  },
  examples: [
    'nook net create back',
    'nook net create back --subnet 10.77.5.0/24 --isolated',
    'nook net create ci --allow packages.example.org:443',
    'nook net create lan --mode bridge',
  ],
  async run({ positionals, options, context }) {
    const { mode, subnet, subnet6 } = options;
    const made = await context.call('net.create', {
      name: String(positionals.NAME),
      ...(mode === undefined ? {} : { mode: modeOf(mode) }),
      ...(typeof subnet === 'string' ? { subnet } : {}),
      ...(typeof subnet6 === 'string' ? { subnet6 } : {}),
      ...egressRequest(options),
      ...(options.isolated === true ? { isolated: true } : {}),
    });
    if (context.json) context.out.json(made);
    else context.out.line(`${made.name} ${made.subnet} ${made.subnet6}`);
  },
};

function modeOf(value: OptionValues[string]): NetworkMode {
  if (value === 'namespace' || value === 'bridge') return value;
  throw new NookError('bad_params', `--mode takes namespace or bridge, not '${value}'.`);
}

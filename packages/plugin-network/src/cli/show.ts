import type { CliCommand } from '@nook/daemonapi';
import { policyText } from './print-policy.ts';

const WIDTH = 12;

export const show: CliCommand = {
  name: 'net show',
  summary: 'Show a network and the VMs on it',
  positionals: [{ name: 'NETWORK', required: true, help: 'the network' }],
  examples: ['nook net show back'],
  async run({ positionals, context }) {
    const network = await context.call('net.show', { name: String(positionals.NETWORK) });
    if (context.json) return context.out.json(network);
    const { vms, created_at, isolated, egress, names, ...fields } = network;
    const rows = {
      ...fields,
      isolated: isolated ? 'yes' : 'no',
      egress: policyText(egress),
      created: new Date(created_at).toISOString(),
    };
    for (const [field, value] of Object.entries(rows)) context.out.line(`${field.padEnd(WIDTH)}${value}`);
    for (const { name, address, address6 } of vms)
      context.out.line(`${'vm'.padEnd(WIDTH)}${name} ${address} ${address6}`);
    if (names?.from_host) context.out.line(`${'names'.padEnd(WIDTH)}NAME.nook, from this machine too`);
    else if (names) context.out.line(`${'names'.padEnd(WIDTH)}NAME.nook, from its VMs. ${names.hint ?? ''}`.trimEnd());
  },
};

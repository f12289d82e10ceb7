import type { CliCommand } from '@nook/daemonapi';
import type { ListenerView, PublishedPort, PublishedPortView } from '../contract.ts';
import { printable } from './printable.ts';

const UNREACHED: Readonly<Record<PublishedPort['reached'], string>> = {
  yes: '',
  no_listener: 'nothing in the guest listens there',
  loopback_only: 'the guest listens on its loopback only, where nothing arrives from outside',
};

export const ports: CliCommand = {
  name: 'vm ports',
  summary: 'Show what a VM listens on, and what is published of it',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  examples: ['nook vm ports web', 'nook vm ports web --json'],
  async run({ positionals, context }) {
    const { listeners, published, more } = await context.call('vm.ports', { name: positionals.VM as string });
    if (context.json) return context.out.json({ listeners, published, more });
    context.out.table(['PORT', 'ADDRESS', 'PID', 'PROCESS', 'PUBLISHED'], listeners.map(row));
    if (more > 0) context.out.note(`nook: ${more} more are not shown`);
    for (const port of published) {
      if (port.reached === 'yes') continue;
      context.out.note(`nook: ${host(port)} → ${port.guest_port}/${port.protocol}: ${UNREACHED[port.reached]}`);
    }
  },
};

function row(listener: ListenerView): string[] {
  return [
    `${listener.port}/${listener.protocol}`,
    listener.address,
    listener.pid?.toString() ?? '',
    printable(listener.command ?? ''),
    listener.published.map(host).join(' '),
  ];
}

function host({ host_address, host_port }: PublishedPortView): string {
  return `${host_address}:${host_port}`;
}

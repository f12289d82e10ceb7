import type { CliCommand } from '@nook/daemonapi';
import type { PublishedPort } from '../contract.ts';

export const PORTS_OF_VM: NonNullable<CliCommand['positionals']> = [
  { name: 'VM', required: true, help: 'the VM' },
  {
    name: 'PORT',
    required: true,
    rest: true,
    help: '[ADDRESS:]HOST:GUEST[/udp], on 127.0.0.1 unless an address is given',
  },
];

/** One port after the other; the first that fails ends it. */
export async function changePorts(
  method: 'net.publish' | 'net.unpublish',
  { positionals, context }: Parameters<CliCommand['run']>[0],
): Promise<void> {
  const changed: PublishedPort[] = [];
  for (const port of positionals.PORT as readonly string[]) {
    const one = await context.call(method, { vm: String(positionals.VM), port });
    changed.push(one);
    const protocol = one.protocol === 'udp' ? '/udp' : '';
    if (!context.json) context.out.line(`${one.host_address}:${one.host_port}:${one.guest_port}${protocol}`);
  }
  if (context.json) context.out.json(changed);
}

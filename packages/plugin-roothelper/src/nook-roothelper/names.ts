import { existsSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { runProgram } from '@nook/netstate/run-program';
import type { VerbParams } from '../verbs.ts';

const DOMAIN = '~nook';

/** Has systemd-resolved ask an address of a bridge for names below `.nook`, and for nothing else. @throws NookError `unavailable` */
export async function routeNames({ bridge, address, port }: VerbParams<'names.route'>): Promise<void> {
  if (!existsSync('/run/systemd/resolve/stub-resolv.conf')) {
    throw new NookError('unavailable', 'This host does not resolve names by systemd-resolved.', {
      hint: `Have its resolver ask ${address} port ${port} for names below 'nook'. dnsmasq (/etc/dnsmasq.d/nook.conf): server=/nook/${address}#${port}. unbound: a forward-zone with name: "nook" and forward-addr: ${address}@${port}, and domain-insecure: "nook"`,
    });
  }
  const server = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  await runProgram('resolvectl', ['dns', bridge, server]);
  await runProgram('resolvectl', ['domain', bridge, DOMAIN]);
  await runProgram('resolvectl', ['default-route', bridge, 'false']);
}

export async function unrouteNames(bridge: string): Promise<void> {
  if (existsSync('/run/systemd/resolve/stub-resolv.conf')) await runProgram('resolvectl', ['revert', bridge]);
}

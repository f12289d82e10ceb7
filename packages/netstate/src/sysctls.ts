import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { familyOf } from './addresses.ts';
import { isOwnName } from './names.ts';
import type { DesiredState } from './state.ts';

const ROOT = '/proc/sys/net';
const FORWARD4 = 'ipv4/ip_forward';
const FORWARD6 = 'ipv6/conf/all/forwarding';
/** What lets packets to 127.0.0.1 go to a guest. Guests' own packets to it are closed. */
const localnet = (bridge: string) => `ipv4/conf/${bridge}/route_localnet`;

/** Settings below /proc/sys/net that translation needs, and nothing else: none without guests that go out or are published. */
export function sysctlsOf(state: DesiredState): Record<string, string> {
  const out = new Set(state.nat.map(({ bridge }) => bridge));
  const routed = [
    ...state.bridges.filter(({ name }) => out.has(name)).flatMap(({ addresses }) => addresses),
    ...state.forwards.map(({ guest_address }) => guest_address),
  ].map(familyOf);
  const local = new Set(
    state.forwards.filter(({ host_address }) => isLocal(host_address)).map((each) => each.guest_address),
  );
  const published = state.taps.filter(({ addresses }) => addresses.some((each) => local.has(each)));
  return {
    ...(routed.includes(4) ? { [FORWARD4]: '1' } : {}),
    ...(routed.includes(6) ? { [FORWARD6]: '1' } : {}),
    ...Object.fromEntries(published.map(({ bridge }) => [localnet(bridge), '1'])),
  };
}

function isLocal(address: string): boolean {
  return address === '0.0.0.0' || address.startsWith('127.');
}

/** @param bridges names of bridges that are there */
export function readSysctls(bridges: readonly string[]): Record<string, string> {
  const read: Record<string, string> = {};
  for (const name of [FORWARD4, FORWARD6, ...bridges.map(localnet)]) {
    const value = readSysctl(name);
    if (value !== undefined) read[name] = value;
  }
  return read;
}

function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(`${ROOT}/${name}`, 'utf8').trim();
  } catch {
    // The kernel has no such family, or the link is gone.
    return undefined;
  }
}

/**
 * Sets them. A host that forwards IPv6 stops learning its own routes from routers, unless told to go on: links that do
 * learn are told so.
 * @returns what they were, of those that are not a bridge's of ours
 * @throws NookError `operation_failed`
 */
export function writeSysctls(wanted: Readonly<Record<string, string>>): Record<string, string> {
  const before: Record<string, string> = {};
  const all = { ...(FORWARD6 in wanted ? learners() : {}), ...wanted };
  for (const [name, value] of Object.entries(all)) {
    const old = readSysctl(name);
    if (old === value) continue;
    try {
      writeFileSync(`${ROOT}/${name}`, value);
    } catch (cause) {
      throw new NookError('operation_failed', `'net/${name}' cannot be set to ${value}: ${(cause as Error).message}`, {
        cause,
      });
    }
    if (old !== undefined && !isOwnName(name.split('/')[2] ?? '')) before[name] = old;
  }
  return before;
}

function learners(): Record<string, string> {
  if (readSysctl(FORWARD6) === '1') return {};
  const links = readdirSync(`${ROOT}/ipv6/conf`).filter((name) => name !== 'all' && !isOwnName(name));
  const names = links.map((link) => `ipv6/conf/${link}/accept_ra`);
  return Object.fromEntries(names.filter((name) => readSysctl(name) === '1').map((name) => [name, '2']));
}

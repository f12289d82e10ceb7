import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import type { Home } from './home.ts';

interface Outside {
  /** Two addresses of the outside; each says on this port which it is. */
  readonly web: string;
  readonly other: string;
  readonly port: number;
}

interface Policed {
  readonly vm: string;
  readonly network: string;
  /** The network asks a name server that knows `web.example.test` and `other.example.test` as these. */
  readonly outside: Outside;
}

/** What a VM says that is fetched in it from there: the address, or `no`. */
export function fetching(home: Home, vm: string, port: number) {
  return async (host: string): Promise<string> => {
    const command = ['timeout', '10', 'wget', '-q', '-O', '-', `http://${host}:${port}/`];
    return (await home.nook(['vm', 'exec', vm, '--', ...command])).stdout.trim() || 'no';
  };
}

/** What holds of the policies of a VM, wherever its network is made. In the end it is allowed what it used, both of the names. */
export async function policyHolds(home: Home, { vm, network, outside }: Policed): Promise<void> {
  const { web, other, port } = outside;
  const fetches = fetching(home, vm, port);
  const policy = (...flags: string[]) => home.ok('net', 'policy', 'set', vm, ...flags);
  await policy('--allow', `web.example.test:${port}`);

  // The address is nobody's until the name was asked for.
  expect(await fetches(web)).toBe('no');
  expect(await fetches('web.example.test')).toBe(web);
  expect(await fetches(web)).toBe(web);
  expect(await fetches('other.example.test')).toBe('no');
  expect(await fetches(other)).toBe('no');
  expect((await home.nook(['vm', 'exec', vm, '--', 'nslookup', 'web.example.test', web])).code).not.toBe(0);

  const blocked = async () => {
    const lines = (await home.ok('events', '--since', '0', '--topic', 'net.egress.blocked')).trim().split('\n');
    return lines.filter(Boolean).map((line) => (JSON.parse(line) as { data: Record<string, unknown> }).data);
  };
  const told = await eventually('the blocks are events', blocked, (all) => all.length >= 4);
  const rule = { vm, network, rule: 'allow' };
  expect(told).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...rule, destination: web, protocol: 'tcp', port }),
      expect.objectContaining({ ...rule, name: 'other.example.test', port: 53 }),
      expect.objectContaining({ ...rule, destination: other, protocol: 'tcp', port }),
      expect.objectContaining({ ...rule, destination: web, protocol: 'udp', port: 53 }),
    ]),
  );

  // Live, and what was pinned is pinned no longer.
  await policy('--deny');
  expect([await fetches('web.example.test'), await fetches(web)]).toEqual(['no', 'no']);
  await policy('--allow', `web.example.test:${port}`, '--allow', other);
  expect([await fetches(other), await fetches('web.example.test')]).toEqual([other, web]);

  const nothing = await home.nook(['net', 'policy', 'lock', vm]);
  expect(nothing.stderr).toMatch(`Nothing is known of what '${vm}' uses`);
  await policy('--audit');
  expect([await fetches('web.example.test'), await fetches(other)]).toEqual([web, other]);
  const list = [`${other}:${port}`, `web.example.test:${port}`];
  await eventually(
    'what it used is known',
    () => home.json<{ allow: string[] }>('net', 'policy', 'learn', vm),
    ({ allow }) => allow.length === list.length && list.every((each) => allow.includes(each)),
  );
  await home.ok('net', 'policy', 'lock', vm);
  const shown = await home.json<{ unreported?: string }>('net', 'policy', 'show', vm);
  expect(shown).toMatchObject({ egress: { mode: 'allow', audit: false, allow: list } });
  expect(shown.unreported).toBeUndefined();
}

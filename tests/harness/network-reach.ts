import { expect } from 'vitest';
import type { Home } from './home.ts';

interface Reach {
  readonly network: string;
  /** Two VMs of it; the first is renamed meanwhile. */
  readonly first: string;
  readonly second: string;
  /** A URL that answers `from outside`; undefined where there is none. */
  readonly outside: string | undefined;
}

/** What holds of two VMs on a network, wherever that is made. */
export async function reachEachOther(home: Home, { network, first, second, outside }: Reach): Promise<void> {
  const inside = (vm: string, ...argv: string[]) => home.nook(['vm', 'exec', vm, '--', ...argv]);
  const { vms } = await home.json<{ vms: { name: string; address: string; address6: string }[] }>(
    'net',
    'show',
    network,
  );
  const [one, other] = [first, second].map((name) => vms.find((vm) => vm.name === name));
  expect((await inside(first, 'ping', '-c', '1', '-W', '5', other?.address ?? '')).code).toBe(0);
  const shown = `(${one?.address})`;
  expect((await inside(second, 'ping', '-4', '-c', '1', '-W', '5', `${first}.nook`)).stdout).toContain(shown);
  await home.ok('vm', 'rename', first, 'front');
  expect((await inside(second, 'ping', '-4', '-c', '1', '-W', '5', 'front')).stdout).toContain(shown);
  expect((await inside(second, 'nslookup', `${first}.nook`)).code).not.toBe(0);
  await home.ok('vm', 'rename', 'front', first);
  expect((await inside(second, 'ping', '-6', '-c', '1', '-W', '5', one?.address6 ?? '')).code).toBe(0);
  if (outside !== undefined)
    expect((await inside(second, 'wget', '-q', '-O', '-', outside)).stdout).toBe('from outside\n');
}

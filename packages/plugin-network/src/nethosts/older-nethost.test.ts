import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenUnix, serveRpc, type UnixServer } from '@nook/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeRules } from '../egress/enforced.ts';
import { requireEnforced } from '../egress/require-enforced.ts';
import { NETHOST_FILES } from '../nethost/nethost-spec.ts';
import { NethostLink } from './nethost-link.ts';

const VM = '0123456789ab';
const OPEN = { mode: 'open', audit: false, allow: [], opened: [] } as const;
let dir: string;
let server: UnixServer;
let version: number;
const asked: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-net-'));
  asked.length = 0;
  server = await listenUnix(join(dir, NETHOST_FILES.socket), (socket) =>
    serveRpc(socket, ({ request }) => {
      asked.push(request.method);
      return request.method === 'hello' ? { version, token: 'the-token', pid: 1 } : [];
    }),
  );
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

async function linkTo(wanted: number): Promise<NethostLink> {
  version = wanted;
  return NethostLink.connect(dir, 'the-token');
}

it.each([
  [1, 'deny', 'unavailable'],
  [1, 'open', 'enforced'],
  [2, 'deny', 'enforced'],
] as const)('of version %s, with a VM that is %s: %s', async (wanted, mode, outcome) => {
  const link = await linkTo(wanted);
  await writeRules(dir, VM, { ...OPEN, mode });
  const seen = await Promise.resolve()
    .then(() => requireEnforced(link, { dir, vm: VM }))
    .then(
      () => 'enforced',
      ({ code }) => code,
    );
  expect(seen).toBe(outcome);
  link.close();
});

it('one that died meanwhile enforces nothing', async () => {
  await writeRules(dir, VM, { ...OPEN, mode: 'deny' });
  expect(() => requireEnforced(undefined, { dir, vm: VM })).toThrow(/ended meanwhile/);
});

it('before version 3 is not asked to look at its namespace', async () => {
  const [older, newer] = [await linkTo(2), await linkTo(3)];
  expect([await older.inspect(), asked]).toEqual([[], ['hello', 'hello']]);
  await newer.inspect();
  expect(asked.at(-1)).toBe('inspect');
  for (const link of [older, newer]) link.close();
});

it('that another one took the place of is not taken for it', async () => {
  version = 3;
  await expect(NethostLink.connect(dir, 'another')).rejects.toMatchObject({ code: 'conflict' });
});

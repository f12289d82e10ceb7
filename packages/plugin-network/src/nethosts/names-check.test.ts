import { expect, it } from 'vitest';
import { namesCheck } from './names-check.ts';

const { signal } = new AbortController();
const MEMBER = { vm: '0123456789ab', name: 'web', mac: '', address: '10.77.0.2', address6: 'fd77::2', publish: [] };

/** A resolver, and a nethost that may have it asked. */
function host({
  answers,
  repairable = false,
  unrouted,
}: {
  answers: string[];
  repairable?: boolean;
  unrouted?: string;
}) {
  let known = answers;
  const link = {
    info: async () => ({ pid: 1, members: [MEMBER], unrouted }),
    async repair() {
      if (repairable) known = [MEMBER.address];
    },
  };
  const networks = [
    { id: '1', name: 'lan', mode: 'bridge' as const },
    { id: '2', name: 'idle', mode: 'bridge' as const },
    { id: '3', name: 'back', mode: 'namespace' as const },
  ];
  return namesCheck({
    networks: () => networks,
    active: async (id) => (id === '2' ? undefined : link),
    resolve: async (name) => (name === 'web.nook' ? known : []),
  });
}

it('is content where the resolver has the address of a VM', async () => {
  const check = host({ answers: ['10.77.0.2'] });
  expect(await check.run(signal)).toEqual([
    { status: 'ok', item: "names of network 'lan'", evidence: 'this machine finds web.nook at 10.77.0.2' },
  ]);
});

it.each([[[]], [['10.9.9.9']]])('finds that it has %j, and repairs it', async (answers) => {
  const check = host({ answers, repairable: true });
  expect(await check.run(signal)).toMatchObject([{ status: 'warning', fix: expect.any(String) }]);
  expect(await check.fix?.(signal)).toMatchObject([{ status: 'ok', fixed: expect.any(String) }]);
  expect(await check.run(signal)).toMatchObject([{ status: 'ok' }]);
});

it('says what to put where, when no helper can', async () => {
  const hint = 'for dnsmasq: server=/nook/10.77.0.1#53053';
  const check = host({ answers: [], unrouted: hint });
  const finding = { status: 'warning', repair: hint };
  expect([await check.run(signal), await check.fix?.(signal)]).toMatchObject([[finding], [finding]]);
});

it('has nothing to say of names while no network of this machine is up', async () => {
  const check = namesCheck({
    networks: () => [{ id: '2', name: 'idle', mode: 'bridge' }],
    active: async () => undefined,
  });
  expect(await check.run(signal)).toMatchObject([{ status: 'ok', item: 'names' }]);
});

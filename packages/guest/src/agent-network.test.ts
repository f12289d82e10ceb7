import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError } from './guest-messages.ts';
import { type Configure, encodeConfigure } from './host-messages.ts';

const SEED = Number(process.env.NOOK_FUZZ_SEED ?? 4_271);

/** A network with one card, for the command that follows. */
const CARD = ['sh', '-c', 'ip tuntap add mode tap name eth0 && exec "$0" "$@"'] as const;
const UNSHARE = ['unshare', '--net', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])] as const;
const OWN_NETWORK = [...UNSHARE, ...CARD] as const;

/** Why there can be no network for a test; undefined where there can. */
const missing = (() => {
  try {
    const [program, ...args] = OWN_NETWORK;
    execFileSync(program, [...args, 'true'], { stdio: 'pipe', timeout: 10_000 });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1);
  }
})();

const start = () => TestAgent.start({}, OWN_NETWORK);

/** @returns what is wrong with it, as the agent says */
async function configure(agent: TestAgent, fields: Configure): Promise<string | undefined> {
  agent.send(encodeFrame(FrameType.CONFIGURE, 0, 0, encodeConfigure(fields)));
  const { type, payload } = await agent.nextAny();
  return type === FrameType.CONFIGURED ? undefined : decodeError(payload).message;
}

const ip = async (agent: TestAgent, ...args: readonly string[]) => (await agent.run(['ip', ...args])).stdout;

describe.skipIf(missing !== undefined)(`the network card (${missing ?? 'in a network of its own'})`, () => {
  test('gets what CONFIGURE says, and what another one says later', async () => {
    await using agent = await start();
    const first = { mac: '52:54:00:12:34:56', mtu: 9_000, address: '10.0.2.15/24', gateway: '10.0.2.2' };
    expect(await configure(agent, { ...first, address6: 'fd00::5/64', gateway6: 'fd00::1' })).toBeUndefined();
    const shown = await ip(agent, 'address', 'show', 'eth0');
    for (const part of ['link/ether 52:54:00:12:34:56', 'mtu 9000', 'inet 10.0.2.15/24', 'inet6 fd00::5/64'])
      expect(shown).toContain(part);
    expect(await ip(agent, 'route')).toContain('default via 10.0.2.2 dev eth0');
    expect(await ip(agent, '-6', 'route')).toContain('default via fd00::1 dev eth0');

    expect(await configure(agent, { address: '192.0.2.7/32', gateway: '192.0.2.1' })).toBeUndefined();
    const later = await ip(agent, 'address', 'show', 'eth0');
    expect(later).toContain('inet 192.0.2.7/32');
    expect(later).not.toContain('10.0.2.15');
    expect(await ip(agent, 'route')).toContain('default via 192.0.2.1 dev eth0');
  });

  test('takes any configuration, or says which part of it not', { timeout: 60_000 }, async () => {
    const address = fc.ipV4();
    const mac = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 });
    const some = fc.record(
      {
        mac: mac.map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')),
        mtu: fc.integer({ min: 0, max: 65_535 }),
        address: fc.tuple(address, fc.integer({ min: 0, max: 33 })).map(([text, prefix]) => `${text}/${prefix}`),
        gateway: address,
        address6: fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 129 })).map(([text, prefix]) => `${text}/${prefix}`),
        gateway6: fc.ipV6(),
      },
      { requiredKeys: [] },
    );
    await using agent = await start();
    const steps = /^CONFIGURE: (mac|mtu|address6?|gateway6?|IPv6 address|network interface): /;
    await fc.assert(
      fc.asyncProperty(some, async (fields) => {
        const wrong = await configure(agent, fields);
        if (wrong !== undefined) expect(wrong).toMatch(steps);
      }),
      { seed: SEED, numRuns: 400, interruptAfterTimeLimit: 15_000 },
    );
    expect(await configure(agent, { mtu: 1_500, mac: '52:54:00:12:34:56', address: '10.0.2.15/24' })).toBeUndefined();
    expect(await ip(agent, 'address', 'show', 'eth0')).toContain('inet 10.0.2.15/24');
  });
});

import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError } from './guest-messages.ts';
import { type Configure, encodeConfigure } from './host-messages.ts';

const BOX: Configure = {
  hostname: 'box',
  machineId: '0123456789abcdef0123456789abcdef',
  address: '10.0.2.15/24',
  gateway: '10.0.2.2',
  dns: ['10.0.2.3', '10.0.2.4', '::1', '10.0.2.6'],
  search: 'nook.internal',
  timeNs: 1_700_000_000_000_000_001n,
  entropy: Buffer.alloc(64, 1),
  mac: '52:54:00:12:34:56',
};
const HOSTS =
  '# nook: begin\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 box\n# nook: end\n';

function withEtc(agent: TestAgent): (name: string) => string {
  return (name) => join(agent.root, 'etc', name);
}

async function configure(agent: TestAgent, fields: Configure): Promise<void> {
  agent.send(encodeFrame(FrameType.CONFIGURE, 0, 0, encodeConfigure(fields)));
  await agent.next(FrameType.CONFIGURED);
}

async function refusal(agent: TestAgent, payload: Buffer): Promise<string> {
  agent.send(encodeFrame(FrameType.CONFIGURE, 0, 0, payload));
  return decodeError((await agent.next(FrameType.ERROR)).payload).message;
}

describe('CONFIGURE', () => {
  test('gives the network card an IPv6 address beside the other one', async () => {
    await using agent = await TestAgent.start();
    await configure(agent, {
      mtu: 65_520,
      address: '10.0.2.15/24',
      address6: 'fd12:0:0:1::5/64',
      gateway6: 'fd12:0:0:1::1',
    });
    expect(agent.did()).toEqual([
      'open the root',
      'set the mtu: 65520',
      'set the address: 10.0.2.15/24',
      'set the address: fd12:0:0:1::5/64',
      'set the gateway: fd12:0:0:1::1',
    ]);
    for (const address6 of ['fd12::5', 'fd12::5/129', '10.0.2.15/24', 'fd12::5/64x'])
      expect(await refusal(agent, encodeConfigure({ address6 }))).toMatch(/address6/);
    expect(await refusal(agent, encodeConfigure({ mtu: 1279 }))).toMatch(/mtu/);
  });

  test('says how large a disk is to be filled', async () => {
    await using agent = await TestAgent.start();
    await configure(agent, { diskBytes: 3n << 40n });
    expect(agent.did()).toEqual(['open the root', `fill a disk of ${3n << 40n} bytes`]);
  });

  test('gives the machine its identity, what a running program could use first', async () => {
    await using agent = await TestAgent.start();
    const etc = withEtc(agent);
    await configure(agent, BOX);
    expect(agent.did()).toEqual([
      'seed: 64 bytes, sum 64',
      'set the clock: 1700000000000000001',
      'open the root',
      'set the host name: box',
      'set the mac: 52:54:00:12:34:56',
      'set the address: 10.0.2.15/24',
      'set the gateway: 10.0.2.2',
    ]);
    expect(readFileSync(etc('hostname'), 'utf8')).toBe('box\n');
    expect(readFileSync(etc('machine-id'), 'utf8')).toBe('0123456789abcdef0123456789abcdef\n');
    expect(readFileSync(etc('resolv.conf'), 'utf8')).toBe(
      'search nook.internal\nnameserver 10.0.2.3\nnameserver 10.0.2.4\nnameserver ::1\n',
    );
    expect(readFileSync(etc('hosts'), 'utf8')).toBe(HOSTS);
    expect(readdirSync(join(agent.root, 'etc')).sort()).toEqual(['hostname', 'hosts', 'machine-id', 'resolv.conf']);
  });

  test('mounts folders of the host before the network is there, and hands over to the image last', async () => {
    await using agent = await TestAgent.start();
    const mounts = [
      { tag: 'share0', target: '/data', readOnly: true },
      { tag: 'share1', target: '/work', readOnly: false },
    ];
    await configure(agent, { mounts, mac: '52:54:00:12:34:56', imageInit: true });
    expect(agent.did()).toEqual([
      'open the root',
      'mount share0 on /data, read-only',
      'mount share1 on /work',
      'set the mac: 52:54:00:12:34:56',
      'hand over',
    ]);
  });

  test('again replaces what it gave, and leaves what it does not name', async () => {
    await using agent = await TestAgent.start();
    const etc = withEtc(agent);
    await configure(agent, BOX);
    const before = agent.did().length;
    const { ino } = lstatSync(etc('resolv.conf'));
    await configure(agent, { hostname: 'copy', machineId: 'f'.repeat(32), mac: '52:54:00:00:00:02' });
    expect(agent.did().slice(before)).toEqual([
      'open the root',
      'set the host name: copy',
      'set the mac: 52:54:00:00:00:02',
    ]);
    expect(readFileSync(etc('machine-id'), 'utf8')).toBe(`${'f'.repeat(32)}\n`);
    expect(readFileSync(etc('hosts'), 'utf8')).toBe(HOSTS.replace('box', 'copy'));
    expect(lstatSync(etc('resolv.conf')).ino).toBe(ino);
  });

  test('keeps what else stands in /etc/hosts, and the machine id of D-Bus in step', async () => {
    await using agent = await TestAgent.start();
    const etc = withEtc(agent);
    writeFileSync(etc('hosts'), '192.0.2.1 mirror');
    const dbus = join(agent.root, 'var/lib/dbus');
    mkdirSync(dbus, { recursive: true });
    writeFileSync(join(dbus, 'machine-id'), 'old\n');
    await configure(agent, BOX);
    await configure(agent, BOX);
    expect(readFileSync(etc('hosts'), 'utf8')).toBe(`192.0.2.1 mirror\n${HOSTS}`);
    expect(readFileSync(join(dbus, 'machine-id'), 'utf8')).toBe('0123456789abcdef0123456789abcdef\n');
  });

  test('leaves an /etc/hosts alone that is a link, or no text, or larger than a list of names', async () => {
    await using agent = await TestAgent.start();
    const etc = withEtc(agent);
    symlinkSync('/nowhere', etc('hosts'));
    await configure(agent, BOX);
    expect(lstatSync(etc('hosts')).isSymbolicLink()).toBe(true);
    for (const content of [Buffer.from('a\0b'), Buffer.alloc(70_000, 'x')]) {
      await using other = await TestAgent.start();
      const path = withEtc(other)('hosts');
      writeFileSync(path, content);
      await configure(other, BOX);
      expect(readFileSync(path).equals(content)).toBe(true);
    }
  });

  test.each([
    [{ hostname: 'a b' }, 'hostname: not 1 to 64 characters'],
    [{ hostname: 'a/b' }, 'hostname: not 1 to 64 characters'],
    [{ hostname: 'x'.repeat(65) }, 'hostname: not 1 to 64 characters'],
    [{ address: '10.0.2.15/' }, 'address: not ADDRESS/PREFIX'],
    [{ address: '10.0.2.15/ 8' }, 'address: not ADDRESS/PREFIX'],
    [{ address: '10.0.2.15/033' }, 'address: not ADDRESS/PREFIX'],
    [{ address: '10.0.2.15/33' }, 'address: not ADDRESS/PREFIX'],
    [{ mac: '52:54:00:12:34:-6' }, 'mac: not a unicast address'],
    [{ mac: '52:54:00:12:34:0x' }, 'mac: not a unicast address'],
    [{ mac: '53:54:00:12:34:56' }, 'mac: not a unicast address'],
    [{ mac: '52:54:00:12:34:5' }, 'mac: not a unicast address'],
    [{ mac: '52:54:00:12:34:567' }, 'mac: not a unicast address'],
    [{ entropy: Buffer.alloc(513) }, 'entropy: more than 512 bytes'],
    [{ machineId: '0'.repeat(33) }, 'machine_id: not 32 hex digits'],
  ])('refuses %j and does nothing', async (fields, message) => {
    await using agent = await TestAgent.start();
    expect(await refusal(agent, encodeConfigure({ timeNs: 1n, ...fields }))).toBe(`CONFIGURE: ${message}`);
    expect(agent.did()).toEqual([]);
  });
});

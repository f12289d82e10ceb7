import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { cpus, totalmem } from 'node:os';
import { describe, expect, test } from 'vitest';
import answers from '../vectors/answers.json' with { type: 'json' };
import { TestAgent } from './agent.fixture.ts';
import { encodeFields } from './fields.ts';
import { FrameType, Stream } from './frame-type.ts';
import { decodeListeners } from './guest-listeners.ts';
import { decodeStats } from './guest-stats.ts';

async function ask(agent: TestAgent, type: number): Promise<Buffer> {
  const session = agent.request(type);
  expect((await session.ended).exit).toEqual({ code: 0 });
  return session.bytes(Stream.STDOUT);
}

test('recorded answers say what they mean', () => {
  const payloadOf = (type: string) => Buffer.from(answers.find((answer) => answer.type === type)?.payload ?? '', 'hex');
  expect(decodeStats(payloadOf('STATS'))).toEqual({ cpus: 2, load: 1.5, memory_total_bytes: 2 ** 30 });
  expect(decodeListeners(payloadOf('LISTENERS'))).toEqual({
    listeners: [
      { protocol: 'tcp', address: '::', port: 22, uid: 0, pid: 321, command: 'sshd' },
      { protocol: 'udp', address: '127.0.0.1', port: 53, uid: 101 },
    ],
    more: 3,
  });
});

describe('STATS', () => {
  test('tells what the kernel knows', async () => {
    await using agent = await TestAgent.start();
    const before = decodeStats(await ask(agent, FrameType.STATS));
    expect(before.memory_total_bytes).toBe(totalmem());
    expect(before.cpus).toBe(cpus().length);
    expect(before.memory_available_bytes).toBeLessThan(totalmem());
    expect(before.root_available_bytes).toBeLessThanOrEqual(before.root_total_bytes as number);
    for (const name of ['uptime_ms', 'cpu_busy_ms', 'cpu_idle_ms', 'tasks'] as const)
      expect(before[name]).toBeGreaterThan(0);
    for (const name of ['load', 'received_bytes', 'sent_bytes', 'swap_total_bytes', 'disk_read_bytes'] as const) {
      expect(before[name]).toBeGreaterThanOrEqual(0);
    }
    await agent.run(['sh', '-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done']);
    const after = decodeStats(await ask(agent, FrameType.STATS));
    expect(after.cpu_busy_ms).toBeGreaterThan(before.cpu_busy_ms as number);
    expect(after.uptime_ms).toBeGreaterThan(before.uptime_ms as number);
  });

  test('of a later guest may say more, and of another kernel less', () => {
    const more = encodeFields([
      { tag: 4, value: Buffer.of(2, 0, 0, 0, 0, 0, 0, 0) },
      { tag: 10, value: Buffer.of(150, 0, 0, 0, 0, 0, 0, 0) },
      { tag: 99, value: Buffer.from('later') },
    ]);
    expect(decodeStats(more)).toEqual({ cpus: 2, load: 1.5 });
    expect(() => decodeStats(encodeFields([{ tag: 1, value: Buffer.of(1) }]))).toThrow('64-bit');
  });
});

describe('LISTENERS', () => {
  test('are sockets that listen, with their process', async () => {
    await using agent = await TestAgent.start();
    const four = createServer().listen(0, '127.0.0.2');
    const six = createServer().listen(0, '::1');
    const datagrams = createSocket('udp4');
    datagrams.bind(0, '127.0.0.3');
    await Promise.all([once(four, 'listening'), once(six, 'listening'), once(datagrams, 'listening')]);
    const { listeners, more } = decodeListeners(await ask(agent, FrameType.LISTENERS));
    const mine = { uid: process.getuid?.(), pid: process.pid, command: expect.stringMatching(/./) };
    const { port: portFour } = four.address() as AddressInfo;
    const { port: portSix } = six.address() as AddressInfo;
    expect(listeners).toContainEqual({ protocol: 'tcp', address: '127.0.0.2', port: portFour, ...mine });
    expect(listeners).toContainEqual({ protocol: 'tcp', address: '::1', port: portSix, ...mine });
    expect(listeners).toContainEqual({
      protocol: 'udp',
      address: '127.0.0.3',
      port: datagrams.address().port,
      ...mine,
    });
    expect(more).toBe(0);
    for (const socket of [four, six, datagrams]) socket.close();
  });

  test('that make no sense are refused', () => {
    for (const value of [Buffer.alloc(3), Buffer.alloc(16, 5), Buffer.concat([Buffer.of(6, 16), Buffer.alloc(20)])]) {
      expect(() => decodeListeners(encodeFields([{ tag: 1, value }]))).toThrow('makes no sense');
    }
  });
});

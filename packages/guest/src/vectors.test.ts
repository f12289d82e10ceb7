import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import exchanges from '../vectors/exchanges.json' with { type: 'json' };
import frames from '../vectors/frames.json' with { type: 'json' };
import { TestAgent } from './agent.fixture.ts';
import { decodeFields, encodeFields } from './fields.ts';
import { FrameParser } from './frame-parser.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError, decodeExecFailed, decodeExecStarted, decodeExit, decodeHello } from './guest-messages.ts';
import {
  type Configure,
  encodeConfigure,
  encodeConnect,
  encodeCopy,
  encodeExec,
  encodeHello,
} from './host-messages.ts';

/** A field that is added belongs here: `Required` asks for it. */
const EVERY_FIELD: Required<Configure> = {
  hostname: 'box',
  machineId: '0123456789abcdef0123456789abcdef',
  address: '10.0.2.15/24',
  gateway: '10.0.2.2',
  dns: ['10.0.2.3', 'fd00::3'],
  timeNs: 1_700_000_000_000_000_001n,
  entropy: Buffer.of(1, 2, 3, 4),
  mac: '52:54:00:12:34:56',
  search: 'nook.internal',
  imageInit: true,
  mounts: [{ tag: 'share0', target: '/data', readOnly: true }],
  diskBytes: 3n << 40n,
  address6: 'fd00::5/64',
  gateway6: 'fd00::1',
  mtu: 65_520,
};

const bytesOf = (type: string, meaning: string) => {
  const vector = frames.find((frame) => frame.type === type && frame.meaning === meaning);
  return Buffer.from(vector?.payload ?? 'absent', 'hex');
};

describe('recorded frames', () => {
  test.each(frames)('$type: $meaning', ({ type, channel, stream, payload, hex }) => {
    const number = FrameType[type as keyof typeof FrameType];
    const [frame, ...rest] = new FrameParser().push(Buffer.from(hex, 'hex'));
    expect(rest).toEqual([]);
    expect(frame).toEqual({ type: number, channel, stream, payload: Buffer.from(payload, 'hex') });
    expect(encodeFrame(number, channel, stream, Buffer.from(payload, 'hex')).toString('hex')).toBe(hex);
  });

  test('every type has one', () => {
    expect(new Set(frames.map((frame) => frame.type))).toEqual(new Set(Object.keys(FrameType)));
  });

  test('structured payloads survive decoding and encoding', () => {
    const structured = frames.filter(
      (frame) => !['DATA', 'CREDIT', 'SIGNAL', 'RESIZE', 'PING', 'PONG', 'POWEROFF'].includes(frame.type),
    );
    for (const { payload } of structured) {
      expect(encodeFields(decodeFields(Buffer.from(payload, 'hex'))).toString('hex')).toBe(payload);
    }
  });

  test('say what they mean, from the host', () => {
    expect(encodeHello({ epoch: 7n })).toEqual(bytesOf('HELLO', 'version 1, epoch 7'));
    const configure = encodeConfigure({
      hostname: 'box',
      machineId: '0123456789abcdef0123456789abcdef',
      address: '10.0.2.15/24',
      gateway: '10.0.2.2',
      dns: ['10.0.2.3', '10.0.2.4'],
      timeNs: 1_700_000_000_000_000_001n,
      entropy: Buffer.of(1, 2, 3, 4),
      mac: '52:54:00:12:34:56',
      search: 'nook.internal',
    });
    expect(configure).toEqual(bytesOf('CONFIGURE', 'all fields'));
    expect(encodeConfigure(EVERY_FIELD)).toEqual(bytesOf('CONFIGURE', 'every field, those of later versions too'));
    const init = encodeConfigure({ hostname: 'box', imageInit: true });
    expect(init).toEqual(bytesOf('CONFIGURE', "the image's own init"));
    const mounts = encodeConfigure({
      mounts: [
        { tag: 'share0', target: '/data', readOnly: true },
        { tag: 'share1', target: '/a b/work', readOnly: false },
      ],
    });
    expect(mounts).toEqual(bytesOf('CONFIGURE', 'two folders of the host, the first read-only'));
    const exec = encodeExec({
      argv: ['sh', '-c', ''],
      env: { A: 'b=c', LANG: 'C.UTF-8' },
      cwd: '/tmp',
      user: 'nobody:daemon',
      pty: true,
      rows: 24,
      columns: 80,
    });
    expect(exec).toEqual(bytesOf('EXEC', 'all fields'));
    const copy = encodeCopy({
      direction: 'into',
      path: '/srv',
      name: 'app',
      user: 'nobody:daemon',
      directoryOnly: true,
      follow: true,
    });
    expect(copy).toEqual(bytesOf('COPY', 'into /srv, all fields'));
    expect(encodeCopy({ direction: 'out', path: '' })).toEqual(bytesOf('COPY', "out of the user's home"));
    expect(encodeConnect(22)).toEqual(bytesOf('CONNECT', 'port 22'));
  });

  test('say what they mean, from the guest', () => {
    expect(decodeHello(bytesOf('HELLO', 'version 1, epoch 0, agent "build", kernel "6.1.0"'))).toEqual({
      version: 1,
      epoch: 0n,
      agent: 'build',
      kernel: '6.1.0',
    });
    expect(decodeExecStarted(bytesOf('EXEC_STARTED', 'pid 321'))).toEqual({ pid: 321 });
    const failed = { errno: 2, stage: 'exec', message: 'nope: not found in PATH' };
    expect(decodeExecFailed(bytesOf('EXEC_FAILED', 'ENOENT at exec'))).toEqual(failed);
    expect(decodeExit(bytesOf('EXIT', 'code 7'))).toEqual({ code: 7 });
    expect(decodeExit(bytesOf('EXIT', 'signal 9'))).toEqual({ signal: 9 });
    expect(decodeError(bytesOf('ERROR', 'EINVAL'))).toEqual({ errno: 22, message: 'CONFIGURE: malformed fields' });
  });
});

const END = /^0{8}08/;

/** Streams end in no order of their own: adjacent ENDs are sorted. */
function inOrder(frames: readonly (string | null)[]): (string | null)[] {
  const isEnd = (frame: string | null | undefined) => END.test(frame ?? '');
  const ends = frames.filter(isEnd).sort();
  return frames.map((frame) => (isEnd(frame) ? (ends.shift() ?? null) : frame));
}

describe('recorded exchanges', () => {
  test('the agent answers to the byte', async () => {
    await using agent = await TestAgent.start();
    for (const { name, send, expect: answers } of exchanges) {
      for (const hex of send) agent.send(Buffer.from(hex, 'hex'));
      const got: (string | null)[] = [];
      while (got.length < answers.length) {
        const { type, channel, stream, payload } = await agent.nextAny();
        const known = type !== FrameType.EXEC_STARTED && type !== FrameType.HELLO;
        got.push(known ? encodeFrame(type, channel, stream, payload).toString('hex') : null);
      }
      expect(inOrder(got), name).toEqual(answers);
    }
  });
});

test('the agent takes every field of a recorded CONFIGURE', async () => {
  await using agent = await TestAgent.start();
  const recorded = bytesOf('CONFIGURE', 'every field, those of later versions too');
  agent.send(encodeFrame(FrameType.CONFIGURE, 0, 0, recorded));
  await agent.next(FrameType.CONFIGURED);
  expect(agent.did()).toEqual([
    'seed: 4 bytes, sum 10',
    'set the clock: 1700000000000000001',
    'open the root',
    'set the host name: box',
    'mount share0 on /data, read-only',
    'set the mac: 52:54:00:12:34:56',
    'set the mtu: 65520',
    'set the address: 10.0.2.15/24',
    'set the gateway: 10.0.2.2',
    'set the address: fd00::5/64',
    'set the gateway: fd00::1',
    `fill a disk of ${3n << 40n} bytes`,
    'hand over',
  ]);
  expect(readFileSync(join(agent.root, 'etc/machine-id'), 'utf8')).toBe('0123456789abcdef0123456789abcdef\n');
  expect(readFileSync(join(agent.root, 'etc/resolv.conf'), 'utf8')).toBe(
    'search nook.internal\nnameserver 10.0.2.3\nnameserver fd00::3\n',
  );
});

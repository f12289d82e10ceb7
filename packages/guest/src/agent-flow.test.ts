import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType, INITIAL_WINDOW, MAX_PAYLOAD, Stream } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError } from './guest-messages.ts';
import { encodeU32 } from './host-messages.ts';

const MEBIBYTE = 1024 * 1024;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('flow control', () => {
  test('50 MiB through cat come back unchanged, and memory stays bounded', { timeout: 60_000 }, async () => {
    await using agent = await TestAgent.start();
    const input = randomBytes(50 * MEBIBYTE);
    await agent.run(['true']);
    const before = agent.residentKilobytes();
    const session = agent.begin({ argv: ['cat'] });
    const writing = session.write(input).then(() => session.end());
    const { exit } = await session.ended;
    await writing;
    expect(exit).toEqual({ code: 0 });
    expect(sha256(session.bytes(Stream.STDOUT))).toBe(sha256(input));
    expect(agent.residentKilobytes() - before).toBeLessThan(8 * 1024);
  });

  test('output stops at the window and goes on with credit', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['head', '-c', String(4 * MEBIBYTE), '/dev/zero'] });
    session.hold = true;
    await session.until((s) => s.received === INITIAL_WINDOW);
    await agent.run(['true']);
    expect(session.received).toBe(INITIAL_WINDOW);
    session.hold = false;
    session.credit(Stream.STDOUT, INITIAL_WINDOW);
    expect((await session.ended).exit).toEqual({ code: 0 });
    expect(session.received).toBe(4 * MEBIBYTE);
  });

  test('a host that does not read at all loses nothing', async () => {
    await using agent = await TestAgent.start();
    agent.pauseReading();
    const sessions = Array.from({ length: 8 }, () => agent.begin({ argv: ['head', '-c', '300000', '/dev/zero'] }));
    agent.resumeReading();
    for (const session of sessions) {
      expect((await session.ended).exit).toEqual({ code: 0 });
      expect(session.received).toBe(300_000);
    }
  });

  test('END closes stdin after what came before it', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['wc', '-c'] });
    await session.write(Buffer.alloc(100_000));
    session.end();
    expect((await session.ended).stdout.trim()).toBe('100000');
  });

  test('input for a command that does not read it is credited all the same', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'exec <&-; echo closed; exec sleep 1000'] });
    await session.until((s) => s.text().stdout.includes('closed'));
    await session.write(Buffer.alloc(2 * MEBIBYTE));
    session.send(FrameType.SIGNAL, encodeU32(15));
    expect((await session.ended).exit).toEqual({ signal: 15 });
  });

  test('more input than credited is an error and ends the session', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sleep', '1000'] });
    await session.until((s) => s.pid > 0);
    // A pipe takes a mebibyte of it, and what it took is credited.
    for (let sent = 0; sent < 2 * MEBIBYTE; sent += MAX_PAYLOAD)
      session.send(FrameType.DATA, Buffer.alloc(MAX_PAYLOAD));
    expect((await session.ended).exit).toEqual({ signal: 9 });
    const error = session.frames.find((frame) => frame.type === FrameType.ERROR);
    expect(error && decodeError(error.payload).message).toBe('more bytes than credited');
    expect((await agent.run(['true'])).exit).toEqual({ code: 0 });
  });

  test('frames for a channel that is free are skipped', async () => {
    await using agent = await TestAgent.start();
    agent.send(encodeFrame(FrameType.DATA, 4000, 0, Buffer.from('late')));
    agent.send(encodeFrame(FrameType.END, 4000));
    agent.send(encodeFrame(FrameType.CREDIT, 4000, 1, Buffer.alloc(4)));
    expect((await agent.run(['echo', 'fine'])).stdout).toBe('fine\n');
    expect(agent.control).toEqual([]);
  });
});

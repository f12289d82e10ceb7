import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType, INITIAL_WINDOW, MAX_PAYLOAD, Stream } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeCredit } from './guest-messages.ts';
import { encodeConfigure, encodeExec, encodeHello, encodeU32 } from './host-messages.ts';

const MEBIBYTE = 1024;
/** Freed memory goes back soon, so that what is resident is what the agent holds. */
const lean = { ASAN_OPTIONS: 'quarantine_size_mb=1' };

/** Sends `count` frames while nothing is read, then reads; gives the most memory that the agent took, in KiB. */
async function flood(agent: TestAgent, count: number, frame: (index: number) => Buffer): Promise<number> {
  const before = agent.residentKilobytes();
  agent.pauseReading();
  const chunk: Buffer[] = [];
  for (let index = 0; index < count; index++) chunk.push(frame(index));
  agent.send(Buffer.concat(chunk));
  agent.send(encodeFrame(FrameType.PING, 0, 0, Buffer.from('end of flood')));
  // Commands run to their ends in the meantime: what the agent holds now is what it holds for a host that never reads.
  agent.resumeReading();
  let most = 0;
  for (let done = false; !done; ) {
    const answer = await agent.nextAny();
    done = answer.type === FrameType.PONG && answer.payload.toString() === 'end of flood';
    most = Math.max(most, agent.residentKilobytes());
  }
  return most - before;
}

describe('memory, with a hostile host', { timeout: 60_000 }, () => {
  test.each([
    ['PING', () => encodeFrame(FrameType.PING, 0, 0, Buffer.alloc(64))],
    ['HELLO', () => encodeFrame(FrameType.HELLO, 0, 0, encodeHello({ epoch: 1n }))],
    ['frames of a type that there is not', () => encodeFrame(200, 7, 0, Buffer.alloc(2000))],
    [
      'CONFIGURE',
      (index: number) => {
        const dns = Array.from({ length: 50 }, () => '10.0.2.3');
        return encodeFrame(FrameType.CONFIGURE, 0, 0, encodeConfigure({ hostname: `box-${index}`, dns }));
      },
    ],
    [
      'EXEC of nothing',
      (index: number) => encodeFrame(FrameType.EXEC, index + 1, 0, encodeExec({ argv: ['a'.repeat(300), ''] })),
    ],
    ['CREDIT without end', () => encodeFrame(FrameType.CREDIT, 1, 1, encodeU32(0xffff_ffff))],
  ])('a flood of %s', async (_what, frame) => {
    await using agent = await TestAgent.start(lean);
    expect(await flood(agent, 4_000, frame)).toBeLessThan(12 * MEBIBYTE);
  });

  test('all sessions with a full window that nobody reads take what the windows say', async () => {
    await using agent = await TestAgent.start(lean);
    const before = agent.residentKilobytes();
    const sessions = Array.from({ length: 256 }, () => agent.begin({ argv: ['sleep', '1000'] }));
    await Promise.all(sessions.map((session) => session.until((s) => s.pid > 0)));
    const piece = Buffer.alloc(8_192, 1);
    for (const session of sessions)
      for (let sent = 0; sent < INITIAL_WINDOW; sent += piece.length) session.send(FrameType.DATA, piece);
    agent.send(encodeFrame(FrameType.PING));
    await agent.next(FrameType.PONG);
    const held = agent.residentKilobytes() - before;
    // The pipes took a part of it.
    expect(held).toBeGreaterThan(32 * MEBIBYTE);
    expect(held).toBeLessThan(256 * (INITIAL_WINDOW / 1024) + 16 * MEBIBYTE);
    for (const session of sessions) session.send(FrameType.SIGNAL, encodeU32(9));
    await Promise.all(sessions.map((session) => session.ended));
    expect(agent.residentKilobytes() - before).toBeLessThan(24 * MEBIBYTE);
  });
});

describe('memory, with hostile commands', { timeout: 60_000 }, () => {
  test('pipes are large for few of them at a time', async () => {
    await using agent = await TestAgent.start(lean);
    /** Fills a window that the command does not read: a pipe of 1 MiB takes all of it, another one 64 KiB. */
    const fill = async (count: number) => {
      const sessions = Array.from({ length: count }, () => agent.begin({ argv: ['sleep', '1000'] }));
      for (const session of sessions)
        for (let sent = 0; sent < INITIAL_WINDOW; sent += MAX_PAYLOAD)
          session.send(FrameType.DATA, Buffer.alloc(MAX_PAYLOAD));
      // Credits are sent at the end of a turn: the second answer comes after all of them.
      for (let turn = 0; turn < 2; turn++) {
        agent.send(encodeFrame(FrameType.PING));
        await agent.next(FrameType.PONG);
      }
      const credits = sessions.map(({ frames }) =>
        frames
          .filter(({ type }) => type === FrameType.CREDIT)
          .reduce((sum, { payload }) => sum + decodeCredit(payload), 0),
      );
      for (const session of sessions) session.send(FrameType.SIGNAL, encodeU32(9));
      await Promise.all(sessions.map((session) => session.ended));
      return credits.filter((credit) => credit === INITIAL_WINDOW).length;
    };
    expect(await fill(40)).toBe(32);
    expect(await fill(5)).toBe(5);
  });

  test('output that no host takes', async () => {
    await using agent = await TestAgent.start(lean);
    const before = agent.residentKilobytes();
    const sessions = Array.from({ length: 40 }, () => agent.begin({ argv: ['cat', '/dev/zero'] }));
    for (const session of sessions) session.hold = true;
    await Promise.all(sessions.map((session) => session.until((s) => s.received === INITIAL_WINDOW)));
    expect(agent.residentKilobytes() - before).toBeLessThan(12 * MEBIBYTE);
    for (const session of sessions) {
      session.send(FrameType.SIGNAL, encodeU32(9));
      session.hold = false;
      session.credit(Stream.STDOUT, INITIAL_WINDOW);
    }
    await Promise.all(sessions.map((session) => session.ended));
  });

  test('children in the background that go on writing, more than are read', async () => {
    await using agent = await TestAgent.start(lean);
    const before = agent.residentKilobytes();
    const descriptors = agent.descriptors();
    // Each leaves a writer on both of its streams; the agent reads 512 of them at most.
    const script = 'sleep 1000 & echo $!';
    const pids: string[] = [];
    for (let round = 0; round < 30; round++) {
      const ended = await Promise.all(Array.from({ length: 10 }, () => agent.run(['sh', '-c', script])));
      pids.push(...ended.map(({ stdout }) => stdout.trim()));
    }
    expect(pids).toHaveLength(300);
    expect(agent.descriptors() - descriptors).toBeLessThanOrEqual(512);
    expect(agent.residentKilobytes() - before).toBeLessThan(12 * MEBIBYTE);
    await agent.run(['sh', '-c', `kill ${pids.join(' ')}`]);
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError } from './guest-messages.ts';
import { encodeExec, encodeU32 } from './host-messages.ts';

describe('sessions', () => {
  test('hundreds leave no descriptor and no zombie', { timeout: 60_000 }, async () => {
    await using agent = await TestAgent.start();
    await agent.run(['true']);
    const before = agent.descriptors();
    for (let round = 0; round < 20; round++) {
      const runs = Array.from({ length: 15 }, (_, index) =>
        agent.run(index % 5 === 0 ? ['no-such'] : ['echo', String(index)]),
      );
      await Promise.all(runs);
    }
    await agent.run(['true']);
    expect(agent.descriptors()).toBe(before);
    expect(agent.children()).toEqual([]);
  });

  test('what stood in the pipe at exit is delivered, what a background child writes later is not', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nook-'));
    try {
      await using agent = await TestAgent.start();
      const before = agent.descriptors();
      const go = join(dir, 'go');
      const done = join(dir, 'done');
      const script = `(while [ ! -e ${go} ]; do sleep 0.02; done; head -c 300000 /dev/zero; echo late; echo alive >${done}) & echo early`;
      const ended = await agent.run(['sh', '-c', script]);
      expect(ended).toEqual({ stdout: 'early\n', stderr: '', exit: { code: 0 } });
      await agent.run(['touch', go]);
      // Its 300 kB are more than a pipe holds: it gets to the end only when somebody reads, and without SIGPIPE.
      await agent.run(['sh', '-c', `while [ ! -e ${done} ]; do sleep 0.02; done`]);
      expect(readFileSync(done, 'utf8')).toBe('alive\n');
      await expect.poll(() => agent.descriptors()).toBe(before);
      expect(existsSync(done)).toBe(true);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('the 257th is refused at `limit`, and there is room again when one has ended', { timeout: 60_000 }, async () => {
    await using agent = await TestAgent.start();
    const sessions = Array.from({ length: 256 }, () => agent.begin({ argv: ['sleep', '1000'] }));
    const refused = await agent.begin({ argv: ['true'] }).ended;
    expect(refused.failed).toMatchObject({ stage: 'limit', message: '256 sessions are running' });
    sessions[0]?.send(FrameType.SIGNAL, encodeU32(9));
    await sessions[0]?.ended;
    expect((await agent.run(['true'])).exit).toEqual({ code: 0 });
    for (const session of sessions) session.send(FrameType.SIGNAL, encodeU32(9));
    await Promise.all(sessions.map((session) => session.ended));
    expect(agent.children()).toEqual([]);
  });

  test('EXEC on a channel in use is an error and leaves the session alone', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['cat'] });
    await session.until((s) => s.pid > 0);
    session.send(FrameType.EXEC, encodeExec({ argv: ['true'] }));
    await session.until((s) => s.frames.some((frame) => frame.type === FrameType.ERROR));
    await session.write(Buffer.from('still here'));
    session.end();
    expect(await session.ended).toMatchObject({ stdout: 'still here', exit: { code: 0 } });
  });

  test('a lost connection ends the commands', async () => {
    const agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sleep', '1000'] });
    await session.until((s) => s.pid > 0);
    await agent[Symbol.asyncDispose]();
    expect(() => process.kill(session.pid, 0)).toThrow();
  });
});

describe('the connection', () => {
  test('answers a second HELLO with the new epoch', async () => {
    await using agent = await TestAgent.start();
    const hello = Buffer.from('010004000000010000000200080000002a00000000000000', 'hex');
    agent.send(encodeFrame(FrameType.HELLO, 0, 0, hello));
    expect((await agent.next(FrameType.HELLO)).payload.subarray(0, 24)).toEqual(hello);
  });

  test('an unknown type is answered, and the stream goes on', async () => {
    await using agent = await TestAgent.start();
    agent.send(encodeFrame(99, 0, 0, Buffer.from('future')));
    expect(decodeError((await agent.next(FrameType.ERROR)).payload).errno).toBe(95);
    agent.send(encodeFrame(FrameType.PING, 0, 0, Buffer.from('still there?')));
    expect((await agent.next(FrameType.PONG)).payload.toString()).toBe('still there?');
  });

  test('an oversized frame is an error, after which nothing is taken any more', async () => {
    await using agent = await TestAgent.start();
    agent.send(Buffer.from('01000100070000000000000000', 'hex'));
    expect(decodeError((await agent.next(FrameType.ERROR)).payload).message).toBe('a frame of more than 65536 bytes');
  });

  test('a flood of PINGs from a host that does not read is bounded, and every one is answered', async () => {
    await using agent = await TestAgent.start();
    const before = agent.residentKilobytes();
    agent.pauseReading();
    const ping = encodeFrame(FrameType.PING, 0, 0, Buffer.alloc(64));
    agent.send(Buffer.concat(Array.from({ length: 20_000 }, () => ping)));
    agent.resumeReading();
    for (let count = 0; count < 20_000; count++) await agent.next(FrameType.PONG);
    expect(agent.residentKilobytes() - before).toBeLessThan(4 * 1024);
  });
});

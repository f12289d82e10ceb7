import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TestAgent, type TestSession } from './agent.fixture.ts';
import { put } from './copy.fixture.ts';
import { FrameType, INITIAL_WINDOW, Stream } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { decodeError, decodeHello } from './guest-messages.ts';
import { encodeCopy, encodeExec, encodeHello, encodeU32 } from './host-messages.ts';

const dir = mkdtempSync(join(tmpdir(), 'nook-epoch-'));
afterAll(() => rmSync(dir, { recursive: true }));

const ESTALE = 116;
/** So many that what they are told is more than the queue keeps free for answers. */
const SESSIONS = 200;

async function enter(agent: TestAgent, epoch: bigint): Promise<void> {
  agent.send(encodeFrame(FrameType.HELLO, 0, 0, encodeHello({ epoch })));
  for (;;) if (decodeHello((await agent.next(FrameType.HELLO)).payload).epoch === epoch) return;
}

/** The session was told that its epoch is over. */
function outlived(session: TestSession): boolean {
  const error = session.frames.find(({ type }) => type === FrameType.ERROR);
  return error !== undefined && decodeError(error.payload).errno === ESTALE;
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

describe('a HELLO with another epoch', () => {
  test.each([
    ['pipes', false],
    ['a terminal', true],
  ])('ends sessions on %s towards the host, while their processes live on', async (_what, pty) => {
    await using agent = await TestAgent.start();
    const out = join(dir, `out-${pty}`);
    const script = `trap 'echo hup >>${out}' HUP; echo up; while read line; do echo "$line" >>${out}; done; echo eof >>${out}`;
    const session = agent.begin({ argv: ['sh', '-c', script], pty });
    await session.until((s) => s.text().stdout.includes('up'));
    const { pid } = session;
    await session.write(Buffer.from('before\n'));
    await enter(agent, 2n);
    expect(outlived(session)).toBe(true);
    // Its channel is free: what still comes for it is skipped, and another session can have it.
    session.send(FrameType.DATA, Buffer.from('late\n'));
    agent.send(encodeFrame(FrameType.EXEC, session.channel, 0, encodeExec({ argv: ['echo', 'new'] })));
    await session.ended;
    expect(session.text().stdout).toContain('new');
    expect((await agent.run(['cat', out])).stdout).toBe('before\n');
    expect(isAlive(pid)).toBe(true);
    await agent.run(['kill', '-KILL', String(pid)]);
  });

  test('with the same one changes nothing', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['cat'] });
    await session.until((s) => s.pid > 0);
    await enter(agent, 1n);
    await session.write(Buffer.from('still here'));
    session.end();
    expect(await session.ended).toMatchObject({ stdout: 'still here', exit: { code: 0 } });
  });

  test('still delivers what the command was sent before, tells nobody that it did, and reads what it writes away', async () => {
    await using agent = await TestAgent.start();
    const taken = join(dir, 'taken');
    const done = join(dir, 'done');
    const work = `head -c ${INITIAL_WINDOW} >${taken}; head -c 1000000 /dev/zero; echo done >${done}; exit`;
    const session = agent.begin({ argv: ['sh', '-c', `trap '${work}' USR1; echo up; while :; do sleep 0.02; done`] });
    await session.until((s) => s.text().stdout === 'up\n');
    // In small pieces, of which the pipe takes a quarter and the agent keeps the rest.
    const piece = Buffer.alloc(8_192, 7);
    for (let sent = 0; sent < INITIAL_WINDOW; sent += piece.length) session.send(FrameType.DATA, piece);
    await enter(agent, 2n);
    const frames = session.frames.length;
    process.kill(session.pid, 'SIGUSR1');
    while (!existsSync(done) && isAlive(session.pid)) await agent.run(['true']);
    expect(readFileSync(done, 'utf8')).toBe('done\n');
    expect(readFileSync(taken).equals(Buffer.alloc(INITIAL_WINDOW, 7))).toBe(true);
    expect(session.frames).toHaveLength(frames);
  });

  test('comes after all that belongs to the earlier one, and tears no frame', async () => {
    await using agent = await TestAgent.start();
    agent.pauseReading();
    const sessions = Array.from({ length: SESSIONS }, () => agent.begin({ argv: ['cat', '/dev/zero'] }));
    // Long enough for all of them to have filled what can be filled.
    agent.resumeReading();
    await Promise.all(sessions.map((session) => session.until((s) => s.received > 0)));
    agent.pauseReading();
    for (const session of sessions) session.credit(Stream.STDOUT, INITIAL_WINDOW);
    agent.send(encodeFrame(FrameType.HELLO, 0, 0, encodeHello({ epoch: 9n })));
    agent.resumeReading();
    expect(decodeHello((await agent.next(FrameType.HELLO)).payload).epoch).toBe(9n);
    expect(sessions.filter(outlived)).toHaveLength(SESSIONS);
    const received = sessions.map((session) => session.received);
    await agent.run(['true']);
    expect(sessions.map((session) => session.received)).toEqual(received);
    // What they write from now on is read for nobody: they are not held up.
    await agent.run(['sh', '-c', `kill -KILL ${sessions.map(({ pid }) => pid).join(' ')}`]);
  });

  test('ends a copy that was under way, which leaves nothing', async () => {
    await using agent = await TestAgent.start();
    const copy = agent.request(FrameType.COPY, encodeCopy({ direction: 'into', path: join(dir, 'copied') }));
    await copy.write(Buffer.concat([put.directory(), put.file('whole', 'x'), put.openFile('half')]));
    await copy.until((s) => s.pid > 0);
    while (!readdirSync(dir).some((name) => name.startsWith('.nook'))) await agent.run(['true']);
    await enter(agent, 2n);
    expect(outlived(copy)).toBe(true);
    while (agent.children().length > 0) await agent.run(['true']);
    expect(readdirSync(dir).filter((name) => name.includes('copied') || name.startsWith('.nook'))).toEqual([]);
  });

  test('leaves no descriptor and no zombie when the commands end', async () => {
    await using agent = await TestAgent.start();
    const before = agent.descriptors();
    const sessions = Array.from({ length: 30 }, (_, index) =>
      agent.begin({ argv: ['sleep', '1000'], pty: index % 2 === 0 }),
    );
    await Promise.all(sessions.map((session) => session.until((s) => s.pid > 0)));
    await enter(agent, 2n);
    await enter(agent, 3n);
    expect(agent.children()).toHaveLength(30);
    await agent.run(['sh', '-c', `kill -KILL ${sessions.map(({ pid }) => pid).join(' ')}`]);
    await expect.poll(() => agent.children()).toEqual([]);
    await expect.poll(() => agent.descriptors()).toBe(before);
  });

  test('of a host that gives none changes none', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['cat'] });
    await session.until((s) => s.pid > 0);
    agent.send(encodeFrame(FrameType.HELLO, 0, 0, encodeHello({ epoch: 0n })));
    await agent.next(FrameType.HELLO);
    expect(outlived(session)).toBe(false);
    session.end();
    expect((await session.ended).exit).toEqual({ code: 0 });
  });
});

describe('HOLD', () => {
  test('is answered by HELD, and nothing follows that until the host speaks', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sleep', '1000'] });
    await session.until((s) => s.pid > 0);
    agent.send(encodeFrame(FrameType.HOLD));
    await agent.next(FrameType.HELD);
    const frames = session.frames.length;
    process.kill(session.pid, 'SIGKILL');
    while (agent.children().length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(session.frames).toHaveLength(frames);
    agent.send(encodeFrame(FrameType.PING));
    expect((await session.ended).exit).toEqual({ signal: 9 });
  });

  test('stops output at a frame and loses none of it', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['head', '-c', '8000000', '/dev/zero'] });
    session.hold = true;
    await session.until((s) => s.received > 0);
    session.credit(Stream.STDOUT, 20_000_000);
    let last = '';
    agent.onFrame = ({ type }) => {
      last = type === FrameType.HELD ? 'held' : last === 'held' ? 'after' : last;
    };
    agent.send(encodeFrame(FrameType.HOLD));
    await agent.next(FrameType.HELD);
    const received = session.received;
    expect(received).toBeLessThan(8_000_000);
    // The command waits with full pipes, and the agent with it.
    const state = () => readFileSync(`/proc/${session.pid}/status`, 'utf8').match(/State:\t(.)/)?.[1];
    while (state() !== 'S') await new Promise((resolve) => setImmediate(resolve));
    expect({ last, received: session.received }).toEqual({ last: 'held', received });
    agent.send(encodeFrame(FrameType.PING));
    await agent.next(FrameType.PONG);
    expect((await session.ended).exit).toEqual({ code: 0 });
    expect(session.received).toBe(8_000_000);
  });

  test('ends with the HELLO of another epoch too', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sleep', '1000'] });
    await session.until((s) => s.pid > 0);
    agent.send(encodeFrame(FrameType.HOLD));
    await agent.next(FrameType.HELD);
    await enter(agent, 5n);
    expect(outlived(session)).toBe(true);
    expect(isAlive(session.pid)).toBe(true);
    await agent.run(['kill', '-KILL', String(session.pid)]);
    session.send(FrameType.SIGNAL, encodeU32(9));
  });
});

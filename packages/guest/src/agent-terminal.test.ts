import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeResize, encodeU32 } from './host-messages.ts';

describe('a session on a terminal', () => {
  test('has the window size asked for, a controlling terminal and TERM', async () => {
    await using agent = await TestAgent.start();
    const ended = await agent.run(['sh', '-c', 'stty size </dev/tty; tty -s && echo tty; echo $TERM'], {
      pty: true,
      rows: 33,
      columns: 101,
    });
    expect(ended).toEqual({ stdout: '33 101\r\ntty\r\nxterm\r\n', stderr: '', exit: { code: 0 } });
  });

  test('RESIZE changes the size and tells the foreground group', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({
      argv: ['sh', '-c', 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done'],
      pty: true,
    });
    await session.until((s) => s.text().stdout.includes('ready'));
    session.send(FrameType.RESIZE, encodeResize(50, 132));
    const { stdout, exit } = await session.ended;
    expect(stdout).toBe('ready\r\n50 132\r\n');
    expect(exit).toEqual({ code: 0 });
  });

  test('END is the end of file, also inside a line', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'stty -echo; echo ready; cat; echo over'], pty: true });
    await session.until((s) => s.text().stdout.includes('ready'));
    await session.write(Buffer.from('one\nno end'));
    session.end();
    const { stdout } = await session.ended;
    expect(stdout).toBe('ready\r\none\r\nno endover\r\n');
  });

  test('the interrupt character reaches the foreground process', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'echo ready; exec sleep 1000'], pty: true });
    await session.until((s) => s.text().stdout.includes('ready'));
    await session.write(Buffer.of(3));
    expect((await session.ended).exit).toEqual({ signal: 2 });
  });

  test('delivers the last output of a command that ends at once', async () => {
    await using agent = await TestAgent.start();
    const { stdout } = await agent.run(['sh', '-c', 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done'], {
      pty: true,
    });
    const expected = Array.from({ length: 2000 }, (_, line) => `${line}\r\n`).join('');
    expect(stdout).toBe(expected);
  });

  test('a background child keeps the terminal and does not hold the session', async () => {
    await using agent = await TestAgent.start();
    const before = agent.descriptors();
    const session = agent.begin({
      argv: ['sh', '-c', 'trap "" HUP; sh -c "while :; do echo noise; done" & echo $!'],
      pty: true,
    });
    const { exit, stdout } = await session.ended;
    const child = Number(stdout.match(/\d+/)?.[0]);
    expect(exit).toEqual({ code: 0 });
    expect(() => process.kill(child, 0)).not.toThrow();
    expect((await agent.run(['kill', '-9', String(child)])).exit).toEqual({ code: 0 });
    await expect.poll(() => agent.descriptors()).toBe(before);
  });

  test('SIGNAL goes to the group of the session', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'echo ready; exec sleep 1000'], pty: true });
    await session.until((s) => s.received > 0);
    session.send(FrameType.SIGNAL, encodeU32(9));
    expect((await session.ended).exit).toEqual({ signal: 9 });
  });
});

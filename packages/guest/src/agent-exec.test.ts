import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeU32 } from './host-messages.ts';

const ENOENT = 2;
const EACCES = 13;
const isRoot = process.getuid?.() === 0;
const NEEDS_ROOT = 'only root can become another user';
const self = process.getuid?.() ?? 0;

describe('exec', () => {
  test('true and false give their codes', async () => {
    await using agent = await TestAgent.start();
    expect((await agent.run(['true'])).exit).toEqual({ code: 0 });
    expect((await agent.run(['/bin/false'])).exit).toEqual({ code: 1 });
  });

  test('keeps the two streams apart and delivers the code', async () => {
    await using agent = await TestAgent.start();
    const ended = await agent.run(['sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(ended).toEqual({ stdout: 'out\n', stderr: 'err\n', exit: { code: 7 } });
  });

  test('sends STARTED first, END of each stream once, and EXIT last', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'echo out; echo err >&2'] });
    await session.ended;
    const types = session.frames.map((frame) => frame.type);
    expect(types[0]).toBe(FrameType.EXEC_STARTED);
    expect(types.at(-1)).toBe(FrameType.EXIT);
    const ends = session.frames.filter((frame) => frame.type === FrameType.END).map((frame) => frame.stream);
    expect(ends.sort()).toEqual([1, 2]);
  });

  test('says which signal killed the command', async () => {
    await using agent = await TestAgent.start();
    expect((await agent.run(['sh', '-c', 'kill -9 $$'])).exit).toEqual({ signal: 9 });
  });

  test('a command in no directory of PATH is ENOENT at exec', async () => {
    await using agent = await TestAgent.start();
    const { failed } = await agent.run(['no-such-command-here']);
    expect(failed).toEqual({ errno: ENOENT, stage: 'exec', message: 'no-such-command-here: not found in PATH' });
    expect((await agent.run(['/no/such/file'])).failed).toMatchObject({ errno: ENOENT, stage: 'exec' });
    expect((await agent.run([''])).failed).toMatchObject({ errno: ENOENT, stage: 'exec' });
  });

  test('a file that may not run is EACCES, a directory too', async () => {
    await using agent = await TestAgent.start();
    expect((await agent.run(['/etc/passwd'])).failed).toMatchObject({ errno: EACCES, stage: 'exec' });
    expect((await agent.run(['/etc'])).failed).toEqual({
      errno: EACCES,
      stage: 'exec',
      message: '/etc: is a directory',
    });
  });

  test('a script without its first line runs in the shell, one with a missing interpreter says so', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nook-'));
    try {
      writeFileSync(join(dir, 'plain'), 'echo "plain $1"\n', { mode: 0o755 });
      writeFileSync(join(dir, 'broken'), '#!/no/interpreter\n', { mode: 0o755 });
      await using agent = await TestAgent.start();
      const found = await agent.run(['plain', 'argument'], { env: { PATH: `/nowhere::${dir}:/bin` } });
      expect(found).toEqual({ stdout: 'plain argument\n', stderr: '', exit: { code: 0 } });
      const { failed } = await agent.run(['broken'], { env: { PATH: `${dir}:/bin` } });
      expect(failed).toMatchObject({ errno: ENOENT, message: `${dir}/broken: its interpreter is missing` });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('defaults stand in the environment, entries of the host replace them', async () => {
    await using agent = await TestAgent.start();
    const { stdout } = await agent.run(['env'], { env: { HOME: '/elsewhere', NEW: 'a=b' } });
    const lines = stdout.trim().split('\n');
    expect(lines).toContain('HOME=/elsewhere');
    expect(lines).toContain('NEW=a=b');
    expect(lines.filter((line) => line.startsWith('HOME='))).toHaveLength(1);
    const names = lines.map((line) => line.split('=')[0]);
    expect(names.sort()).toEqual(['HOME', 'LOGNAME', 'NEW', 'PATH', 'SHELL', 'USER']);
  });

  test('runs in the directory asked for, and fails at `cwd` when there is none', async () => {
    await using agent = await TestAgent.start();
    expect((await agent.run(['pwd'], { cwd: '/usr/bin' })).stdout).toBe('/usr/bin\n');
    expect((await agent.run(['pwd'], { cwd: '/no/such' })).failed).toMatchObject({ errno: ENOENT, stage: 'cwd' });
  });

  test('an unknown user fails at `user`', async () => {
    await using agent = await TestAgent.start();
    const { failed } = await agent.run(['true'], { user: 'no-such-user' });
    expect(failed).toMatchObject({ stage: 'user', message: 'no such user: no-such-user' });
  });

  test('a user that is longer than any name is refused, not shortened', async () => {
    await using agent = await TestAgent.start();
    const { failed } = await agent.run(['true'], { user: `${'0'.repeat(130)}1` });
    expect(failed).toMatchObject({
      stage: 'user',
      message: expect.stringMatching(/^a name longer than any user's: 000/),
    });
  });

  test('becomes a user by name and by number, with and without a group', async ({ skip }) => {
    skip(!isRoot, NEEDS_ROOT);
    await using agent = await TestAgent.start();
    const id = async (user: string) =>
      (await agent.run(['sh', '-c', 'id -u; id -g; id -G'], { user })).stdout.split('\n');
    expect(await id('nobody')).toEqual(['65534', '65534', '65534', '']);
    expect(await id('65534')).toEqual(['65534', '65534', '65534', '']);
    expect(await id('nobody:daemon')).toEqual(['65534', '1', '1', '']);
    expect(await id('4242:17')).toEqual(['4242', '17', '17', '']);
    expect(await id('4242')).toEqual(['4242', '0', '0', '']);
  });

  test('a user without rights is held to them', async ({ skip }) => {
    skip(!isRoot, NEEDS_ROOT);
    await using agent = await TestAgent.start();
    const { exit, stderr } = await agent.run(['cat', '/etc/shadow'], { user: 'nobody', cwd: '/' });
    expect(exit).toEqual({ code: 1 });
    expect(stderr).toContain('Permission denied');
  });

  test('many that begin at once do not mix anything up', { timeout: 60_000 }, async () => {
    await using agent = await TestAgent.start();
    const places = ['/', '/usr', '/etc', '/no/such/place'];
    const runs = Array.from({ length: 80 }, async (_, index) => {
      const cwd = places[index % places.length] as string;
      const script = 'echo "$MINE $1 $(pwd) $HOME $(id -u)"';
      const argv = index % 3 === 0 ? [`no-such-${index}`] : ['sh', '-c', script, 'sh', `${index}`];
      const user = isRoot && index % 5 === 0 ? { user: 'nobody' } : {};
      const { stdout, failed } = await agent.run(argv, {
        cwd,
        env: { MINE: `env-${index}`, HOME: `/${index}` },
        ...user,
      });
      return stdout === '' ? failed?.message : stdout.trim();
    });
    const expected = runs.map((_, index) => {
      const cwd = places[index % places.length];
      if (cwd === '/no/such/place') return `cannot enter ${cwd}: No such file or directory`;
      if (index % 3 === 0) return `no-such-${index}: not found in PATH`;
      return `env-${index} ${index} ${cwd} /${index} ${isRoot && index % 5 === 0 ? 65534 : self}`;
    });
    expect(await Promise.all(runs)).toEqual(expected);
  });

  test('gives the command default signals, an empty mask, and no descriptor but three', async () => {
    await using agent = await TestAgent.start();
    const { stdout } = await agent.run(['grep', '-E', 'SigBlk|SigIgn', '/proc/self/status']);
    expect(stdout).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
    expect((await agent.run(['sh', '-c', 'ls /proc/$$/fd; umask'])).stdout).toBe('0\n1\n2\n0022\n');
  });

  test('leads a session and a process group of its own', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'set -- $(cat /proc/$$/stat); echo $1 $5 $6'] });
    const { stdout } = await session.ended;
    expect(stdout).toBe(`${session.pid} ${session.pid} ${session.pid}\n`);
  });

  test('SIGNAL reaches the whole group', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sh', '-c', 'sleep 1000 & echo ready; wait'] });
    await session.until((s) => s.received > 0);
    session.send(FrameType.SIGNAL, encodeU32(15));
    expect((await session.ended).exit).toEqual({ signal: 15 });
    expect(agent.children()).toEqual([]);
  });

  test('SIGNAL right behind EXEC is kept until the command runs', async () => {
    await using agent = await TestAgent.start();
    const session = agent.begin({ argv: ['sleep', '1000'] });
    session.send(FrameType.SIGNAL, encodeU32(10));
    expect((await session.ended).exit).toEqual({ signal: 10 });
  });

  test('a malformed EXEC fails and leaves the channel free', async () => {
    await using agent = await TestAgent.start();
    const { failed } = await agent.run([]);
    expect(failed).toMatchObject({ stage: 'exec', message: 'no command' });
    expect((await agent.run(['true'], { user: String(self) })).exit).toEqual({ code: 0 });
  });
});

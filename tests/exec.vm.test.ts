import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';
import { Person } from './harness/person.ts';

interface Listed {
  readonly session: string;
  readonly state: string;
  readonly attached: boolean;
  readonly exit_code?: number;
  readonly pty?: boolean;
  readonly output_bytes?: number;
}

describe('sessions', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create({ warm: true });
    await busyboxVm(home, 'box');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const begin = async (...args: string[]) => (await home.ok('vm', 'exec', '-d', ...args)).trim();
  const list = () => home.json<Listed[]>('vm', 'exec', '--list', 'box');
  const listed = async (session: string) => (await list()).find((one) => one.session === session);

  it('that are detached are listed with what became of them, and can be joined once they have ended', async () => {
    const session = await begin('box', '--', 'sh', '-c', 'echo out; exit 7');
    const seen = await eventually(
      'it has ended',
      () => listed(session),
      (one) => one?.state === 'exited',
    );
    expect(seen).toMatchObject({ exit_code: 7, attached: false, pty: false, output_bytes: 4 });
    expect(await home.ok('vm', 'exec', '--list', 'box')).toMatch(
      new RegExp(`^SESSION +STATE .*\\n${session} +exited 7 +.*sh -c echo out; exit 7\\n$`),
    );
    expect(await home.nook(['vm', 'attach', 'box', session])).toMatchObject({ code: 7, stdout: 'out\n' });
    expect(await listed(session)).toBeUndefined();
    expect(await home.nook(['vm', 'attach', 'box', session])).toMatchObject({ code: 125 });
  });

  it('are joined again from an offset when their client was killed', async () => {
    const script = 'echo one; read x; echo two; read x; echo three; exit 3';
    const child = home.spawn(['vm', 'exec', 'box', '--', 'sh', '-c', script]);
    await untilOutput(child, /one\n/);
    child.stdin?.write('\n');
    await untilOutput(child, /two\n/);
    const [running] = await list();
    child.kill('SIGKILL');
    const session = running?.session as string;
    await eventually(
      'its client is gone',
      () => listed(session),
      (one) => one?.attached === false,
    );
    const again = await home.nook(['vm', 'attach', '--offset', '4', 'box', session], { input: '\n' });
    expect(again).toMatchObject({ code: 3, stdout: 'two\nthree\n' });
  });

  it('say how much of their output was dropped meanwhile', async () => {
    const session = await begin('-i', 'box', '--', 'sh', '-c', 'head -c 2000000 /dev/zero; read x; echo end');
    await eventually(
      'all was written',
      () => listed(session),
      (one) => one?.output_bytes === 2_000_000,
    );
    const { code, stdout, stderr } = await home.nook(['vm', 'attach', 'box', session], { input: '\n' });
    expect(code).toBe(0);
    const dropped = Number(/^nook: (\d+) bytes of output were dropped before this$/m.exec(stderr)?.[1]);
    expect(dropped).toBeGreaterThan(1_000_000);
    expect(stdout.length + dropped).toBe(2_000_000 + 'end\n'.length);
  });

  it('get signals, by name and by number', async () => {
    const session = await begin(
      'box',
      '--',
      'sh',
      '-c',
      'trap "echo usr1; exit 9" USR1; echo up; while :; do sleep 0.1; done',
    );
    await eventually(
      'it is up',
      () => listed(session),
      (one) => one?.output_bytes === 3,
    );
    await home.ok('vm', 'exec', '--signal', 'usr1', '--session', session, 'box');
    expect(await home.nook(['vm', 'attach', 'box', session])).toMatchObject({ code: 9, stdout: 'up\nusr1\n' });
    const other = await begin('box', '--', 'sleep', '1000');
    await home.ok('vm', 'exec', '--signal', '9', '--session', other, 'box');
    expect((await home.nook(['vm', 'attach', 'box', other])).code).toBe(137);
    const wrong = await home.nook(['vm', 'exec', '--signal', 'NOPE', '--session', other, 'box']);
    expect(wrong.stderr).toContain("'NOPE' is not a signal.");
    const killed = await begin('box', '--', 'sleep', '1000');
    await home.ok('rpc', 'call', 'vm.exec.kill', JSON.stringify({ name: 'box', session: killed }));
    expect((await home.nook(['vm', 'attach', 'box', killed])).code).toBe(137);
  });

  it('end with their client when they were begun so', async () => {
    const child = home.spawn([
      'vm',
      'exec',
      '--on-disconnect',
      'kill',
      'box',
      '--',
      'sh',
      '-c',
      'echo up; exec sleep 1234',
    ]);
    await untilOutput(child, /up/);
    child.kill('SIGKILL');
    const seen = await eventually(
      'the command has ended',
      async () => (await list()).at(-1),
      (one) => one?.state === 'exited',
    );
    expect(seen?.exit_code).toBe(129);
    expect(await home.nook(['vm', 'exec', '--on-disconnect', 'maybe', 'box', '--', 'true'])).toMatchObject({
      code: 125,
    });
  });

  it('on a terminal survive its end when they are joined, or were begun so, and take the size of the next one', async () => {
    const session = await begin('-t', 'box', '--', 'sh');
    expect(await listed(session)).toMatchObject({ pty: true, state: 'running' });
    const first = new Person(home, ['vm', 'attach', 'box', session]);
    first.type('stty size\r');
    await first.reads(/30 100/);
    first.closeTerminal();
    expect(await first.ended).toBe(129);
    const second = new Person(home, ['vm', 'attach', 'box', session], { cols: 90, rows: 20 });
    second.type('echo again $(stty size)\r');
    await second.reads(/again 20 90/);
    second.type('exit 6\r');
    expect(await second.ended).toBe(6);

    const kept = new Person(home, ['vm', 'exec', '--on-disconnect', 'keep', 'box', '--', 'sleep', '4321']);
    const isThere = () => list().then((all) => all.find(({ state }) => state === 'running'));
    const found = await eventually('it runs', isThere, (one) => one?.attached === true);
    kept.closeTerminal();
    expect(await kept.ended).toBe(129);
    expect(await isThere()).toMatchObject({ session: found?.session, attached: false });
    await home.ok('vm', 'exec', '--signal', 'KILL', '--session', found?.session as string, 'box');
  });

  it('run as whom, where and with what they were told', async () => {
    const flags = ['--user', '1000:1000', '--workdir', '/tmp', '--env', 'A=1', '--env', 'B=2 3'];
    const { stdout } = await home.nook([
      'vm',
      'exec',
      ...flags,
      'box',
      '--',
      'sh',
      '-c',
      'echo "$(id -u):$(id -g) $(pwd) $A $B"',
    ]);
    expect(stdout).toBe('1000:1000 /tmp 1 2 3\n');
  });
});

describe('an image without a shell', () => {
  it('runs commands, detached ones too, and copies files', async () => {
    await using home = await Home.create({ warm: true });
    const dir = await mkdtemp(join(tmpdir(), 'nook-shell-less-'));
    mkdirSync(join(dir, 'root', 'bin'), { recursive: true });
    for (const name of ['cat', 'echo', 'sleep']) copyFileSync('/bin/busybox', join(dir, 'root', 'bin', name));
    execFileSync('tar', ['-C', join(dir, 'root'), '-cf', join(dir, 'bare.tar'), '.']);
    await home.ok('image', 'import', 'bare', join(dir, 'bare.tar'));
    try {
      await home.ok('vm', 'run', '-d', '--image', 'bare', '--memory', '256M', '--name', 'bare');
      expect(await home.ok('vm', 'exec', 'bare', '--', 'echo', 'no shell')).toBe('no shell\n');
      const shell = await home.nook(['vm', 'exec', 'bare']);
      expect(shell).toMatchObject({ code: 127, stderr: expect.stringContaining("'the login shell' was not found") });
      const session = (await home.ok('vm', 'exec', '-d', 'bare', '--', 'echo', 'detached')).trim();
      expect(await home.nook(['vm', 'attach', 'bare', session])).toMatchObject({ code: 0, stdout: 'detached\n' });
      const child = home.spawn(['vm', 'exec', 'bare', '--', 'sleep', '1000']);
      const ended = outcome(child);
      await eventually(
        'it runs',
        () => home.json<Listed[]>('vm', 'exec', '--list', 'bare'),
        ([one]) => one?.attached === true,
      );
      child.kill('SIGTERM');
      expect((await ended).code).toBe(143);
      await writeFile(join(dir, 'f'), 'copied');
      await home.ok('vm', 'cp', join(dir, 'f'), 'bare:/etc/');
      expect(await home.ok('vm', 'exec', 'bare', '--', 'cat', '/etc/f')).toBe('copied');
      await home.ok('vm', 'rm', '--force', 'bare');
    } finally {
      await home.ok('image', 'rm', 'bare');
      await rm(dir, { recursive: true });
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home } from './harness/home.ts';

/** What a command writes of its own; on a slow machine nook says there what it is at. */
function ofTheCommand(stderr: string): string {
  return stderr.replaceAll(/^nook: \[ *\d+ s\] .*\n/gm, '');
}

/** The promise of the first page: one command boots a machine, runs a command in it, and gives its exit code. */
describe('nook vm run --rm', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create();
    await home.ok('image', 'pull', 'debian-12');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const run = (...argv: string[]) => home.nook(['vm', 'run', '--rm', '--image', 'busybox', '--', ...argv]);

  it("prints Debian 12's os-release on stdout and nothing else", async () => {
    const { code, stdout, stderr } = await home.nook(['vm', 'run', '--rm', '--', 'cat', '/etc/os-release']);
    expect({ code, stderr: ofTheCommand(stderr) }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^PRETTY_NAME="Debian GNU\/Linux 12 \(bookworm\)"\n/);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every((line) => /^[A-Z_]+=/.test(line)),
    ).toBe(true);
  });

  it('keeps the two streams apart and gives the exit code', async () => {
    const { code, stdout, stderr } = await run('sh', '-c', 'echo out; echo err >&2; exit 7');
    expect({ code, stdout, stderr: ofTheCommand(stderr) }).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
    ['USR1', 138],
  ])('gives 128 + N for a command that SIG%s ended', async (signal, code) => {
    expect((await run('sh', '-c', `kill -${signal} $$`)).code).toBe(code);
  });

  it('gives 127 and says so when the command is not there', async () => {
    const { code, stderr } = await run('no-such-command');
    expect(code).toBe(127);
    expect(stderr).toContain("'no-such-command' was not found in the guest");
  });

  it('gives 126 when it may not be executed', async () => {
    const { code, stderr } = await run('/etc/passwd');
    expect(code).toBe(126);
    expect(stderr).toContain("'/etc/passwd' could not be executed");
  });

  it('passes arguments, variables, user and directory on as they are', async () => {
    const argv = ['sh', '-c', 'echo "$1|$FOO|$(id -u)|$(pwd)"', 'sh', 'a b\'"$x\\ \n;*'];
    const flags = ['--env', 'FOO=1 2', '--user', '1000:1000', '--workdir', '/tmp'];
    const { stdout } = await home.nook(['vm', 'run', '--rm', '--image', 'busybox', ...flags, '--', ...argv]);
    expect(stdout).toBe('a b\'"$x\\ \n;*|1 2|1000|/tmp\n');
  });

  it('leaves nothing behind', async () => {
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await home.surplus()).toEqual([]);
  });

  it('refuses a shape that makes no sense, an unknown image, a bad name and a bad port, and leaves nothing', async () => {
    const cases: [string[], string][] = [
      [['--name', 'No_Label'], 'is not a VM name'],
      [['--memory', '1K'], 'cannot have'],
      [['--memory', 'lots'], 'is not a size'],
      [['--vcpus', '0'], 'cannot have 0 vCPUs'],
      [['--vcpus', 'two'], 'whole number'],
      [['--disk', '1M'], 'does not do'],
      [['--image', 'no-such-image'], 'no-such-image'],
      [['--publish', '80'], 'is not a published port'],
      [['--network', 'brigde'], "no network named 'brigde'"],
      [['--colour'], 'colour'],
    ];
    for (const [flags, words] of cases) {
      const image = flags.includes('--image') ? [] : ['--image', 'busybox'];
      const { code, stdout, stderr } = await home.nook(['vm', 'run', '--rm', ...image, ...flags, '--', 'true']);
      expect(code, flags.join(' ')).not.toBe(0);
      expect(stdout).toBe('');
      expect(stderr).toContain(words);
    }
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await home.surplus()).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, commandsOf } from '../harness/code-blocks.ts';
import { Home, outcome, ROOT } from '../harness/home.ts';

const blocks = codeBlocks(await readFile(join(ROOT, 'README.md'), 'utf8'));
const commands = blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf);

/** Commands that this test does not run, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'npm test': 'it is what runs this test',
  ...because('tests/workspace.vm.test.ts does, in an image with git', [
    './nook workspace prepare dev .',
    './nook vm exec dev -- make test',
    './nook workspace export dev | git apply',
  ]),
  ...because('tests/project.vm.test.ts does', [
    './nook init',
    './nook up',
    './nook project logs -f app',
    './nook down',
  ]),
  ...because('tests/ssh.vm.test.ts does, in an image with an sshd', ['./nook vm ssh dev']),
  ...because('tests/system does, on a machine with systemd', [
    'sudo apt install ./dist/nook_0.1.0_amd64.deb',
    'sudo nook system install --owner alice',
    'sudo apt purge nook',
  ]),
};

/** What some commands must have printed; of the others the exit code is all that is promised. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  './nook vm run -- cat /etc/os-release': /^PRETTY_NAME="Debian GNU\/Linux 12/,
  'echo hello | ./nook vm run --rm --image busybox -- tr a-z A-Z': /^HELLO\n$/,
  './nook vm exec web -- cat /root/note': /^kept\n$/,
  './nook vm exec copy -- cat /root/state': /^ready\n$/,
  './nook vm exec --list www': /running +.+ httpd -f\n$/,
  './nook vm run --rm --image busybox --network back -- ping -c 1 db.nook': / 1 packets received/,
  "./nook vm run --rm --image mine -- echo 'my own image'": /^my own image\n$/,
};

/** README.md in order, in one home, from a folder that holds nothing but the launcher. */
describe('every command of README.md', () => {
  let home: Home;
  let folder: string;

  beforeAll(async () => {
    home = await Home.create();
    folder = await mkdtemp(join(tmpdir(), 'nook-readme-'));
    await symlink(join(ROOT, 'nook'), join(folder, 'nook'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await home[Symbol.asyncDispose]();
  });

  it('stands in a block whose language says so', () => {
    const languages = blocks.map(({ language }) => language);
    expect(languages.filter((language) => !['sh', 'toml', ''].includes(language))).toEqual([]);
    const others = blocks.filter(({ language }) => language !== 'sh');
    expect(others.filter(({ text }) => /^\s*(?:\$ )?(?:\.\/nook|nook|npm|git|sudo|curl) (?!─)/m.test(text))).toEqual(
      [],
    );
    expect(languages.filter((language) => language === 'sh').length).toBeGreaterThanOrEqual(5);
  });

  it('is run, but for those with a reason, and the expectations are about commands that are there', () => {
    const bare = commands.map(withoutRemark);
    for (const command of [...Object.keys(EXCEPTIONS), ...Object.keys(PRINTED)]) expect(bare).toContain(command);
    expect(new Set(bare).size).toBe(bare.length);
  });

  it.each(commands.filter((command) => !(withoutRemark(command) in EXCEPTIONS)))('%s', async (command) => {
    const child = spawn('sh', ['-c', command], { cwd: folder, env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, stdout, stderr } = await outcome(child);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const expected = PRINTED[withoutRemark(command)];
    if (expected !== undefined) expect(stdout).toMatch(expected);
  });

  it('the configuration that it shows is accepted', async () => {
    const [shown] = blocks.filter(({ language }) => language === 'toml');
    await using other = await Home.create();
    await mkdir(join(other.dir, 'config'), { mode: 0o700, recursive: true });
    await writeFile(join(other.dir, 'config/config.toml'), shown?.text ?? '', { mode: 0o600 });
    expect(await other.ok('vm', 'list')).toContain('NAME');
  });
});

function because(why: string, named: readonly string[]): Record<string, string> {
  return Object.fromEntries(named.map((command) => [command, why]));
}

function withoutRemark(command: string): string {
  return command.replace(/\s+# .*$/, '');
}

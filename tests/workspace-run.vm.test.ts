import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home } from './harness/home.ts';

/** Of the image that has no git, whose machines are the fastest. */
const SMALL = ['--image', 'busybox', '--memory', '256M', '--network', 'none'];

describe('nook vm run PATH', () => {
  let home: Home;
  let dir: string;

  const at = (...names: string[]) => join(dir, ...names);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', at('app'), '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      encoding: 'utf8',
    }).trimEnd();
  const names = async () => (await home.json<{ name: string }[]>('vm', 'list')).map(({ name }) => name);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nook-run-test-'));
    const sync = `[[workspace.file_sync]]\nsource = "${at('token')}"\ntarget = "/etc/app/token"\nowner = "1000:1000"\n`;
    const absent = `[[workspace.file_sync]]\nsource = "${at('absent')}"\n`;
    home = await Home.create({ warm: true, config: `[vm.templates]\nauto = false\n${sync}${absent}` });
    writeFileSync(at('token'), 'token of the host');
    mkdirSync(at('app'));
    writeFileSync(at('app/a'), 'one\n');
    writeFileSync(at('app/logo.bin'), randomBytes(20_000));
    writeFileSync(at('app/go.mod'), 'module app\n\ngo 1.22\n');
    writeFileSync(at('app/.gitignore'), 'build/\n');
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'first');
    writeFileSync(at('app/a'), 'changed here\n');
    writeFileSync(at('app/.env'), 'secret');
  }, 300_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  it('makes nothing that it was not asked for, or cannot finish', async () => {
    const { files } = await home.json<{ files: object[] }>('vm', 'run', ...SMALL, '--dry-run', at('app'));
    expect(files).toHaveLength(4);
    expect(await home.nook(['vm', 'run', ...SMALL, 'ls'])).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('nook vm run -- ls'),
    });
    const there = await home.nook(['vm', 'run', ...SMALL, '--guest-path', '/etc', at('app'), '--', 'true']);
    expect(there).toMatchObject({ code: 125, stderr: expect.stringContaining('/etc is there already') });
    expect(await names()).toEqual([]);
  });

  it('runs the command in the repository, and takes the machine away', async () => {
    const script = 'pwd; cat a; ls -A; cat; exit 7';
    const { code, stdout, stderr } = await home.nook(
      ['vm', 'run', '--rm', '--name', 'once', ...SMALL, at('app'), '--', 'sh', '-c', script],
      { input: 'from here\n' },
    );
    expect(stdout).toBe('/root/repo\nchanged here\n.gitignore\na\ngo.mod\nlogo.bin\nfrom here\n');
    expect({ code, stderr }).toMatchObject({ code: 7, stderr: expect.stringContaining('1 untracked file left here') });
    expect(await names()).toEqual([]);
  });

  it('has the files that every machine gets', async () => {
    const look = 'cat /etc/app/token; stat -c " %a %u:%g" /etc/app/token; ls -A /etc/app';
    const { stdout, code } = await home.nook(['vm', 'run', '--rm', ...SMALL, '--', 'sh', '-c', look]);
    expect({ stdout, code }).toEqual({ stdout: 'token of the host 600 1000:1000\ntoken\n', code: 0 });
  });

  it('brings back what was done without git, also from a copy that has another name by now', async () => {
    const run = ['vm', 'run', '-d', '--name', 'small', ...SMALL, at('app')];
    expect(await home.json(...run)).toMatchObject({
      name: 'small',
      came_up: 'template',
      workspace: { guest_path: '/root/repo', kind: 'files' },
    });
    const work =
      'head -c 9000 /dev/urandom >logo.bin; rm go.mod; echo "new" >"new file"; chmod 755 a; mkdir build; >build/x';
    await home.ok('vm', 'exec', 'small', '--', 'sh', '-c', work);
    await home.ok('vm', 'fork', 'small', 'copy');
    await home.ok('vm', 'rename', 'copy', 'later');
    await home.ok('vm', 'rm', '--force', 'small');
    const status = await home.json<{ guest: { files: object[] }; tooling: object[] }>('workspace', 'status', 'later');
    expect(status.guest.files).toHaveLength(4);
    expect(status.tooling).toMatchObject([{ tool: 'go', version: '1.22', file: 'go.mod' }]);
    expect((await home.nook(['workspace', 'prepare', 'later', at('app')])).stderr).toContain('has 4 changed files');
    await home.ok('workspace', 'export', '-o', at('patch'), 'later');
    git('apply', at('patch'));
    expect(git('status', '--porcelain')).toBe(' M a\n D go.mod\n M logo.bin\n?? .env\n?? "new file"');
    expect(statSync(at('app/a')).mode & 0o111).toBe(0o111);
    await home.ok('vm', 'cp', 'later:/root/repo/logo.bin', at('theirs.bin'));
    execFileSync('cmp', [at('app/logo.bin'), at('theirs.bin')]);
    await home.ok('vm', 'rm', '--force', 'later');
  });
});

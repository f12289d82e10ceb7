import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { debianImage } from './harness/debian-image.ts';
import { Home, type Outcome, outcome, untilOutput } from './harness/home.ts';

const PROGRAMS = ['ssh', 'scp', 'sftp', 'rsync', 'git', 'ssh-keygen', 'ssh-agent', 'ssh-add'];
/** The first run makes the image. */
const IMAGE_MS = 600_000;
const run = promisify(execFile);
const missing = await absent(PROGRAMS);

async function absent(programs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    programs.map((program) =>
      run('sh', ['-c', `command -v ${program}`]).then(
        () => [],
        () => [program],
      ),
    ),
  );
  return found.flat();
}

/** VMs without any network, by the programs that developers use. */
describe('ssh into VMs', () => {
  if (missing.length > 0) return it('works', ({ skip }) => skip(`this host has no ${missing.join(', ')}`));
  let home: Home;
  let dir: string;
  let config: string;
  const before = 'Host *\n  User somebody\n';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nook-ssh-'));
    home = await Home.create({ env: { HOME: dir } });
    config = join(dir, '.ssh', 'config');
    await mkdir(join(dir, '.ssh'), { mode: 0o700 });
    await writeFile(config, before, { mode: 0o600 });
    await writeFile(join(dir, '.ssh', 'known_hosts'), '');
    const image = await debianImage(home, ['openssh-server', 'rsync', 'git']);
    await home.ok('vm', 'run', '-d', '--name', 'dev', '--image', image, '--network', 'none');
    await home.ok('ssh-config', '--install');
  }, IMAGE_MS);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  /** A program that reads the user's own configuration of ssh, as `HOME/.ssh/config`. */
  function program(file: string, ...args: readonly string[]): Promise<Outcome> {
    const env = { ...process.env, HOME: dir, GIT_SSH_COMMAND: `ssh -F ${config}`, RSYNC_RSH: `ssh -F ${config}` };
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return outcome(child);
  }
  const ssh = (...args: readonly string[]) => program('ssh', '-F', config, ...args);
  const inGuest = (script: string) => home.ok('vm', 'exec', 'dev', '--', 'sh', '-c', script);

  it('works with plain ssh, without a question, and leaves known_hosts alone', async () => {
    expect(await ssh('dev.nook', 'id -un; hostname; exit 7')).toEqual({
      ...{ code: 7, signal: null, stderr: '' },
      stdout: 'root\ndev\n',
    });
    expect(await readFile(join(dir, '.ssh', 'known_hosts'), 'utf8')).toBe('');
    expect(await inGuest('ls /etc/ssh/ssh_host_ed25519_key.pub; ls /root/.ssh 2>&1 || true')).toContain('No such file');
  });

  it('works with nook vm ssh, also for an account without a password', async () => {
    await inGuest('useradd -m app');
    const { code, stdout } = await home.nook([
      'vm',
      'ssh',
      '-u',
      'app',
      'dev',
      '--',
      'id -un; echo "$SSH_AUTH_SOCK"; exit 3',
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'app\n\n' });
  });

  it('works with scp, sftp and rsync: all bytes, there and back', async () => {
    const bytes = randomBytes(3_000_001);
    await mkdir(join(dir, 'tree', 'sub'), { recursive: true });
    await writeFile(join(dir, 'tree', 'sub', 'a b'), bytes);
    expect(await program('scp', '-F', config, join(dir, 'tree/sub/a b'), 'dev.nook:/srv/copy')).toMatchObject({
      code: 0,
    });
    expect(await program('sftp', '-F', config, 'dev.nook:/srv/copy', join(dir, 'back'))).toMatchObject({ code: 0 });
    expect((await readFile(join(dir, 'back'))).equals(bytes)).toBe(true);
    expect(await program('rsync', '-a', `${join(dir, 'tree')}/`, 'root@dev.nook:/srv/tree')).toMatchObject({ code: 0 });
    expect(await program('rsync', '-a', 'root@dev.nook:/srv/tree/', join(dir, 'tree2'))).toMatchObject({ code: 0 });
    expect((await readFile(join(dir, 'tree2', 'sub', 'a b'))).equals(bytes)).toBe(true);
  });

  it('works with git', async () => {
    const identity = '-c user.name=a -c user.email=a@b';
    await inGuest(
      `git init -q /srv/repo && cd /srv/repo && echo one >f && git add f && git ${identity} commit -qm one`,
    );
    expect(await program('git', 'clone', '-q', 'root@dev.nook:/srv/repo', join(dir, 'repo'))).toMatchObject({
      code: 0,
    });
    expect(await readFile(join(dir, 'repo', 'f'), 'utf8')).toBe('one\n');
  });

  it('trusts no other key', async () => {
    const known = join(home.dir, 'state/ssh/known_hosts');
    const lines = await readFile(known, 'utf8');
    expect(lines).toMatch(/^dev\.nook ssh-ed25519 \S+ \S+\n$/);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'other')]);
    const other = (await readFile(join(dir, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    const override = join(dir, 'known');
    await writeFile(override, `dev.nook ${other}\n`);
    const { code, stderr } = await ssh('-o', `UserKnownHostsFile=${override}`, 'dev.nook', 'true');
    expect({ code, stderr }).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Host key verification failed'),
    });
  });

  it('joins stdio to any port of the guest: nook vm proxy', async () => {
    const { stdout } = await home.nook(['vm', 'proxy', 'dev', '22']);
    expect(stdout).toMatch(/^SSH-2\.0-OpenSSH/);
    const refused = await home.nook(['vm', 'proxy', '--direct', 'dev', '22']);
    expect(refused).toMatchObject({ code: 1, stderr: 'port 22: Connection refused\n' });
    expect((await home.nook(['vm', 'proxy', 'dev', '0'])).stderr).toContain("'0' is no TCP port");
    const server = home.spawn(['vm', 'exec', 'dev', '--', 'perl', '-MIO::Socket::INET', '-e', ECHO]);
    const ended = once(server, 'close');
    await untilOutput(server, /listening/);
    const echoed = await home.nook(['vm', 'proxy', 'dev', '4000'], { input: 'there and back' });
    expect(echoed).toMatchObject({ code: 0, stdout: 'there and back', stderr: '' });
    expect(await ended).toEqual([0, null]);
    expect(await home.json('vm', 'exec', '--list', 'dev')).toEqual([]);
  });

  it('lets the guest use the keys of your agent when you say so', async () => {
    const socket = join(dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await untilOutput(agent, /SSH_AUTH_SOCK/);
      const env = { SSH_AUTH_SOCK: socket };
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'of-the-host', '-f', join(dir, 'mine')]);
      await run('ssh-add', ['-q', join(dir, 'mine')], { env: { ...process.env, ...env } });
      const keys = (...flags: readonly string[]) =>
        home.nook(['vm', 'ssh', ...flags, 'dev', '--', 'ssh-add -l'], { env });
      expect(await keys('-A')).toMatchObject({ code: 0, stdout: expect.stringContaining('of-the-host') });
      expect(await keys()).toMatchObject({ code: 2, stdout: '' });
    } finally {
      agent.kill();
    }
  });

  it('leaves an sshd that listens in the guest alone', async () => {
    const look = 'cat /run/sshd.pid; readlink /proc/$(cat /run/sshd.pid)/exe; sha256sum /etc/ssh/*_key*';
    await inGuest('mkdir -p /run/sshd && /usr/sbin/sshd');
    const before = await inGuest(look);
    expect((await home.nook(['vm', 'proxy', '--direct', 'dev', '22'])).stdout).toMatch(/^SSH-2\.0-OpenSSH/);
    expect(await ssh('dev.nook', 'hostname')).toMatchObject({ code: 0, stdout: 'dev\n' });
    expect(await inGuest(look)).toBe(before);
    await inGuest('kill $(cat /run/sshd.pid)');
  });

  it('says what to do about an image without sshd', async () => {
    await busyboxVm(home, 'small', '--network', 'none');
    const { code, stderr } = await home.nook(['vm', 'ssh', 'small']);
    expect(code).toBe(255);
    expect(stderr).toContain("the image of VM 'small' has no sshd");
    expect(stderr).toContain('nook vm exec -t small');
    expect((await home.nook(['vm', 'ssh', 'nobody'])).stderr).toContain("There is no VM named 'nobody'");
  });

  it('goes without a trace', async () => {
    await home.ok('ssh-config', '--uninstall');
    expect(await readFile(config, 'utf8')).toBe(before);
  });
});

/** Sends one connection what came over it. */
const ECHO = `
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 4000, Listen => 1) or die;
$| = 1; print "listening\\n";
my $client = $server->accept();
while (sysread($client, my $bytes, 4096)) { syswrite($client, $bytes) }
`;

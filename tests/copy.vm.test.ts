import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, outcome } from './harness/home.ts';
import { Person } from './harness/person.ts';

const MIB = 1024 * 1024;

describe('nook vm cp', () => {
  let home: Home;
  let dir: string;

  beforeAll(async () => {
    home = await Home.create({ warm: true });
    await busyboxVm(home, 'box');
  });
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nook-cp-'));
  });

  const at = (...names: string[]) => join(dir, ...names);
  const cp = (...args: string[]) => home.nook(['vm', 'cp', ...args]);
  const guest = (script: string) => home.ok('vm', 'exec', 'box', '--', 'sh', '-c', script);

  it('takes a tree there and back: bytes, modes, times, symlinks, odd names', async () => {
    await mkdir(at('t', 'sub', 'empty'), { recursive: true });
    const bytes = randomBytes(3 * MIB + 7);
    await writeFile(at('t', 'big'), bytes);
    await writeFile(at('t', 'sub', "-n  \\ ' \u00fc\n"), 'odd');
    await writeFile(at('t', 'run'), '#!/bin/sh\n');
    await chmod(at('t', 'run'), 0o750);
    await symlink('../big', at('t', 'sub', 'link'));
    await utimes(at('t', 'big'), 1, 1_400_000_000);
    await utimes(at('t', 'sub'), 1, 1_300_000_000);
    await home.ok('vm', 'cp', at('t'), 'box:/srv');
    const seen = await guest('cd /srv && stat -c "%a %Y %n" big run sub && readlink sub/link && ls /srv/sub | wc -l');
    expect(seen).toMatch(/^644 1400000000 big\n750 \d+ run\n755 1300000000 sub\n\.\.\/big\n\d\n$/);
    await home.ok('vm', 'cp', 'box:/srv', at('back'));
    const list = (path: string) =>
      execFileSync('find', ['.', '-printf', '%y %m %T@ %p %l\\0'], { cwd: path, encoding: 'utf8' })
        .replace(/(\.\d{6})\d+/g, '$1')
        .split('\0')
        .sort();
    expect(list(at('back'))).toEqual(list(at('t')));
    expect((await readFile(at('back', 'big'))).equals(bytes)).toBe(true);
    expect(await readlink(at('back', 'sub', 'link'))).toBe('../big');
  });

  it('goes below a directory that is there, and joins trees, on either side', async () => {
    await mkdir(at('app'));
    await writeFile(at('app', 'one'), '1');
    await writeFile(at('two'), '2');
    await guest('mkdir -p /opt/app; echo kept > /opt/app/kept');
    await home.ok('vm', 'cp', at('app'), at('two'), 'box:/opt');
    expect(await guest('cd /opt; ls app two')).toBe('two\n\napp:\nkept\none\n');
    await home.ok('vm', 'cp', `${at('app')}/.`, 'box:/opt');
    expect(await guest('ls /opt')).toBe('app\none\ntwo\n');
    await mkdir(at('here', 'app'), { recursive: true });
    await writeFile(at('here', 'app', 'mine'), '');
    await home.ok('vm', 'cp', 'box:/opt/app', 'box:/opt/two', at('here'));
    expect((await readdir(at('here', 'app'))).sort()).toEqual(['kept', 'mine', 'one']);
    expect(await readFile(at('here', 'two'), 'utf8')).toBe('2');
  });

  it('belongs to root of the guest, or to the user that was asked for; setuid comes back only when preserved', async () => {
    await writeFile(at('tool'), 'x');
    await chmod(at('tool'), 0o4755);
    await home.ok('vm', 'cp', at('tool'), 'box:/usr/tool');
    await guest('mkdir -p /home/me && chown 1000:1000 /home/me');
    await home.ok('vm', 'cp', '--user', '1000:1000', at('tool'), 'box:/home/me/');
    expect(await guest('stat -c "%u:%g %a" /usr/tool /home/me/tool')).toBe('0:0 4755\n1000:1000 4755\n');
    await home.ok('vm', 'cp', 'box:/usr/tool', at('plain'));
    await home.ok('vm', 'cp', '--preserve', 'box:/usr/tool', at('kept'));
    expect((await stat(at('plain'))).mode & 0o7777).toBe(0o755);
    expect((await stat(at('kept'))).mode & 0o7777).toBe(0o4755);
    const { code, stderr } = await cp('--user', '1000', at('tool'), 'box:/usr/mine');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('cannot be made: Permission denied') });
  });

  it('says what is wrong, and changes nothing', async () => {
    await writeFile(at('f'), 'x');
    await guest('mkdir -p /there/f; ln -sfn /etc /there/link');
    for (const [args, message] of [
      [['box:/no/such', dir], 'In the guest: /no/such: No such file or directory.'],
      [[at('f'), 'box:/no/such/f'], 'In the guest: /no/such: No such file or directory.'],
      [[at('f'), 'box:/there'], 'In the guest: /there/f: is a directory already.'],
      [[at('f'), 'box:/dev/null'], 'In the guest: /dev/null: is a device, a fifo or a socket.'],
      [[at('nope'), 'box:/x'], `${at('nope')} cannot be read: no such file or directory.`],
      [['--user', 'nobody-here', at('f'), 'box:/x'], 'no such user: nobody-here'],
      [[at('f'), 'nobox:/x'], "There is no VM named 'nobox'."],
      [[at('f'), at('g')], 'Neither side is in a VM.'],
    ] as const) {
      const { code, stderr } = await cp(...args);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
    }
    expect(await guest('ls -A /there / | grep nook-cp || true')).toBe('');
    expect(await readdir(dir)).toEqual(['f']);
  });

  it('passes over what a copy cannot be of, and over what the kernel makes up', async () => {
    await guest('mkdir -p /odd; mkfifo /odd/fifo; mknod /odd/null c 1 3; ln -s /etc/passwd /odd/l');
    const { code, stderr } = await cp('box:/odd', at('odd'));
    expect(code).toBe(0);
    expect(stderr.split('\n').sort()).toEqual([
      '',
      'nook: not copied: /odd/fifo: is neither a file, nor a directory, nor a symlink',
      'nook: not copied: /odd/null: is neither a file, nor a directory, nor a symlink',
    ]);
    expect(await readlink(at('odd', 'l'))).toBe('/etc/passwd');
    const dev = await cp('box:/dev', at('dev'));
    expect(dev).toMatchObject({ code: 0, stderr: expect.stringContaining('/dev/pts: is not on a disk') });
    await home.ok('vm', 'cp', 'box:/proc/uptime', at('uptime'));
    expect(await readFile(at('uptime'), 'utf8')).toMatch(/^\d+\.\d+ /);
  });

  it('does not take more of a guest than is allowed', async () => {
    await guest('mkdir -p /many; for i in $(seq 20); do echo $i > /many/$i; done; head -c 3000000 /dev/zero > /large');
    const many = await cp('--max-entries', '10', 'box:/many', at('many'));
    expect(many).toMatchObject({ code: 1, stderr: expect.stringContaining('more than 10 files') });
    const large = await cp('--max-size', '1M', 'box:/large', at('large'));
    expect(large).toMatchObject({ code: 1, stderr: expect.stringContaining('more than 1 MiB') });
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves nothing under the final name, and no debris, when its client is killed or interrupted', async () => {
    await writeFile(at('big'), randomBytes(200 * MIB));
    const staged = () => guest('ls -A / | grep -c nook-cp || true');
    const into = home.spawn(['vm', 'cp', at('big'), 'box:/big']);
    await eventually('the copy is under way', staged, (count) => count === '1\n');
    into.kill('SIGKILL');
    await eventually('the guest has cleaned up', staged, (count) => count === '0\n');
    expect(await guest('ls -A / | grep -c "^big$" || true')).toBe('0\n');

    await guest('head -c 200000000 /dev/zero > /zeros');
    await rm(at('big'));
    const out = home.spawn(['vm', 'cp', 'box:/zeros', at('zeros')]);
    const ended = outcome(out);
    await eventually(
      'the copy is under way',
      () => readdir(dir),
      (names) => names.length > 0,
    );
    out.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await readdir(dir)).toEqual([]);
    expect(await guest('echo fine')).toBe('fine\n');
    await guest('rm /zeros');
  });

  it('is whole or absent after the machine was killed', async () => {
    await busyboxVm(home, 'frail');
    await writeFile(at('first'), 'all of it');
    await home.ok('vm', 'cp', at('first'), 'frail:/first');
    await writeFile(at('big'), randomBytes(200 * MIB));
    const copy = outcome(home.spawn(['vm', 'cp', at('big'), 'frail:/big']));
    const staged = () => home.ok('vm', 'exec', 'frail', '--', 'sh', '-c', 'ls -A / | grep -c nook-cp || true');
    await eventually('the copy is under way', staged, (count) => count === '1\n');
    const { qemu_pid } = await home.json<Shown>('vm', 'show', 'frail');
    process.kill(qemu_pid as number, 'SIGKILL');
    expect(await copy).toMatchObject({ code: 1, stderr: expect.stringContaining('The copy was lost') });
    await eventually(
      'it is told',
      () => home.json<Shown>('vm', 'show', 'frail'),
      ({ state }) => state === 'failed',
    );
    await home.ok('vm', 'start', 'frail');
    expect(await home.ok('vm', 'exec', 'frail', '--', 'cat', '/first')).toBe('all of it');
    expect((await home.nook(['vm', 'exec', 'frail', '--', 'test', '-e', '/big'])).code).toBe(1);
    expect((await cp('frail:/big', at('none'))).code).toBe(1);
    expect(existsSync(at('none'))).toBe(false);
  });

  it('shows on a terminal how far it is', async () => {
    await writeFile(at('big'), randomBytes(100 * MIB));
    const person = new Person(home, ['vm', 'cp', at('big'), 'box:/big']);
    await person.reads(/copy {2}[1-9]\d*\.\d MiB {2}\d+\.\d s {2}1 files/);
    expect(await person.ended).toBe(0);
    await guest('rm /big');
  });

  it('is not a session that anybody sees', async () => {
    await writeFile(at('f'), '');
    await home.ok('vm', 'cp', at('f'), 'box:/f');
    expect(await home.json('vm', 'exec', '--list', 'box')).toEqual([]);
    expect(JSON.parse((await cp('--json', 'box:/f', at('g'))).stdout)).toEqual({
      ...{ files: 1, directories: 0, symlinks: 0 },
      ...{ bytes: 0, skipped: 0 },
    });
  });
});

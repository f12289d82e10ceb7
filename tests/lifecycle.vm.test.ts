import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STOP_STAGES } from '../packages/plugin-vm/src/vmhost/stop-plan.ts';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { isGone } from './harness/machines.ts';

describe('the life of a VM', () => {
  it('keeps its files over stop and start, and leaves nothing when it is removed', async () => {
    await using home = await Home.create();
    expect(await home.ok('vm', 'run', '-d', '--name', 'web')).toBe('web\n');
    await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'echo kept > /root/file');
    const running = await home.json<Shown>('vm', 'show', 'web');
    expect(running).toMatchObject({ name: 'web', state: 'running', came_up: 'cold' });
    expect(running.boot.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['disk', 'boot: agent', 'boot: ready']),
    );
    expect(await home.ok('vm', 'logs', 'web')).toContain('nook:');
    expect(await home.ok('vm', 'list')).toMatch(/^web +running +debian-12 /m);

    await home.ok('vm', 'stop', 'web');
    expect(await home.json('vm', 'show', 'web')).toMatchObject({ state: 'stopped', cause: 'stopped as asked' });
    expect(await home.surplus()).toEqual([]);
    const refused = await home.nook(['vm', 'exec', 'web', '--', 'true']);
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining("VM 'web' is stopped") });

    await home.ok('vm', 'start', 'web');
    expect(await home.ok('vm', 'exec', 'web', '--', 'cat', '/root/file')).toBe('kept\n');
    expect((await home.nook(['vm', 'rm', 'web'])).stderr).toContain('--force');
    await home.ok('vm', 'rm', '--force', 'web');
    expect(existsSync(running.dir)).toBe(false);
    expect(await home.json('vm', 'list')).toEqual([]);
  });

  it('gives each machine an identity of its own', async () => {
    await using home = await Home.create();
    await Promise.all([busyboxVm(home, 'one'), busyboxVm(home, 'two')]);
    const look = (vm: string) =>
      home.ok(
        'vm',
        'exec',
        vm,
        '--',
        'sh',
        '-c',
        'hostname; cat /etc/machine-id /sys/class/net/eth0/address; head -c 16 /dev/urandom | md5sum',
      );
    const [one, two] = (await Promise.all([look('one'), look('two')])).map((text) => text.split('\n'));
    expect(one?.[0]).toBe('one');
    expect(two?.[0]).toBe('two');
    for (const line of [1, 2, 3]) expect(one?.[line]).not.toBe(two?.[line]);
    const clock = Number(await home.ok('vm', 'exec', 'one', '--', 'date', '+%s'));
    expect(Math.abs(clock - Date.now() / 1000)).toBeLessThan(30);
    await home.ok('vm', 'rm', '-f', 'one', 'two');
  });

  it('takes verbs for several at once; the others proceed when one fails', async () => {
    await using home = await Home.create();
    await home.ok('vm', 'create', '--name', 'a', '--image', 'busybox');
    await home.ok('vm', 'create', '--name', 'b', '--image', 'busybox');
    const { code, stdout, stderr } = await home.nook(['vm', 'rm', 'a', 'nobody', 'b']);
    expect(code).toBe(1);
    expect(stdout.split('\n').sort().join(' ').trim()).toBe('a b');
    expect(stderr).toContain("There is no VM named 'nobody'");
    expect(await home.json('vm', 'list')).toEqual([]);
  });

  it('stops a guest that ignores everything by the deadline', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'deaf');
    await home.ok('vm', 'exec', '-d', 'deaf', '--', 'sh', '-c', 'trap "" TERM HUP INT; while :; do :; done');
    await home.ok('vm', 'stop', '--timeout', '3', 'deaf');
    expect(await home.json('vm', 'show', 'deaf')).toMatchObject({ state: 'stopped' });

    await home.ok('vm', 'start', 'deaf');
    const { qemu_pid } = await home.json<Shown>('vm', 'show', 'deaf');
    // Neither its agent nor its power button nor QEMU itself hears anything.
    process.kill(qemu_pid as number, 'SIGSTOP');
    await home.ok('vm', 'stop', '--timeout', '3', 'deaf');
    expect(await home.json('vm', 'show', 'deaf')).toMatchObject({ state: 'stopped', signal: 'SIGKILL' });
    expect(isGone(qemu_pid)).toBe(true);
    const log = (await home.ok('vm', 'logs', '--source', 'vmhost', 'deaf')).trim().split('\n');
    const stages = log.flatMap((line) => (JSON.parse(line) as { stage?: string }).stage ?? []);
    expect(stages).toEqual(STOP_STAGES);
  });

  it('ends when the guest powers off by itself, and says so', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'self');
    await home.nook(['vm', 'exec', 'self', '--', 'sh', '-c', 'echo o > /proc/sysrq-trigger; sleep 5']);
    const vm = await home.json<Shown>('vm', 'show', 'self');
    expect(vm).toMatchObject({ state: 'stopped', cause: 'the guest powered off', exit_code: 0, last_phase: 'ready' });
  });

  it('tells the steps of a start, with what each took and usually takes', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'first');
    await busyboxVm(home, 'web');
    const { boot } = await home.json<Shown>('vm', 'show', '--boot', 'web');
    for (const step of boot) expect(step).toMatchObject({ at_ms: expect.any(Number), duration_ms: expect.any(Number) });
    const names = ['template', 'disk', 'vmhost', 'boot: machine', 'boot: agent', 'boot: ready'];
    expect(boot.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    const table = await home.ok('vm', 'show', '--boot', 'web');
    expect(table).toMatch(/^STEP +AT +TOOK +USUALLY$/m);
    for (const name of names) {
      const { usual_ms, duration_ms } = boot.find((step) => step.name === name) ?? {};
      expect({ name, usual_ms }).toEqual({ name, usual_ms: expect.any(Number) });
      expect(table).toMatch(new RegExp(`^${name} +\\d+ ms +${duration_ms} ms +${usual_ms} ms$`, 'm'));
    }
  });

  it('has the disk that was asked for, its file system grown to it', async () => {
    await using home = await Home.create();
    const script = "df -k / | awk 'END { print int($2 / 1024 / 1024) }'";
    const { stdout } = await home.nook([
      'vm',
      'run',
      '--rm',
      '--image',
      'busybox',
      '--disk',
      '13G',
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(stdout).toBe('12\n');
  });

  it('keeps files 0600 and folders 0700', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'modes');
    const modes = walk(home.dir).map((path) => ({ path, mode: statSync(path).mode & 0o077 }));
    // What QEMU may read through an inherited descriptor under a uid of its own; its folder is closed.
    const open = modes.filter(({ path, mode }) => mode !== 0 && !/initramfs-.*\.cpio$/.test(path));
    expect(open).toEqual([]);
  });
});

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? [path, ...walk(path)] : [path];
  });
}

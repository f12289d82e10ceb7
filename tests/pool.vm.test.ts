import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { type Home, outcome } from './harness/home.ts';
import { isGone, killNookd } from './harness/machines.ts';
import { freePort, readFrom } from './harness/ports.ts';
import { built, homeWith, operations, show, text } from './harness/templates.ts';

interface Pool {
  readonly members: readonly {
    readonly id: string;
    readonly state: string;
    readonly template: string;
    readonly vmhost_pid: number;
    readonly qemu_pid: number;
  }[];
}

const FILL = 'vm.pool.fill';
const SERVE = 'while :; do echo "from the guest" | nc -l -p 80; done';

const pooled = (size: number, ...more: readonly string[]) =>
  homeWith(
    '[vm.templates]',
    'auto = false',
    '[vm.pool]',
    `size = ${size}`,
    'image = "busybox"',
    'memory = "256M"',
    'idle_seconds = 0',
    ...more,
  );

const pool = async (home: Home) => (await home.json<Pool>('vm', 'pool')).members;

function filled(home: Home, size: number): Promise<Pool['members']> {
  return eventually(
    'the pool is filled',
    () => pool(home),
    (members) => members.filter(({ state }) => state === 'ready').length === size,
    60_000,
  );
}

const daemonPid = async (home: Home) => (await home.json<{ pid: number }>('daemon', 'status')).pid;

describe('the pool', () => {
  it('gives its machines to new VMs, which share nothing, and is filled again', async () => {
    await using home = await pooled(2);
    await home.ok('daemon', 'start');
    const before = await filled(home, 2);
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await home.surplus()).toEqual([]);
    const port = await freePort();
    await Promise.all([busyboxVm(home, 'one', '--publish', `${port}:80`), busyboxVm(home, 'two')]);
    const [one, two] = [await show(home, 'one'), await show(home, 'two')];
    const ids = before.map(({ id }) => id);
    for (const vm of [one, two]) {
      expect(vm).toMatchObject({ state: 'running', came_up: 'pool' });
      expect(vm.fallback).toBeUndefined();
    }
    expect([one.id, two.id].sort()).toEqual(ids.toSorted());
    expect(one.boot.map(({ name }) => name)).toContain('claim');

    const facts = [
      'hostname',
      'cat /etc/machine-id',
      'cat /sys/class/net/eth0/address',
      'head -c 64 /dev/urandom | md5sum',
    ];
    const [first, second] = await Promise.all(
      ['one', 'two'].map(async (name) => (await text(home, name, facts.join('; '))).split('\n')),
    );
    expect(first?.[0]).toBe('one');
    expect(second?.[0]).toBe('two');
    for (const [index, value] of (first ?? []).entries()) expect(second?.[index]).not.toBe(value);
    for (const name of ['one', 'two']) {
      const seconds = Number(await text(home, name, 'date +%s'));
      expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
    }
    await home.ok('vm', 'exec', '-d', 'one', '--', 'sh', '-c', SERVE);
    await text(home, 'one', 'until netstat -ltn | grep -q :80; do sleep 0.1; done');
    expect(await readFrom('127.0.0.1', port)).toBe('from the guest\n');
    await text(home, 'two', 'ping -c 1 -W 5 10.0.2.2');

    const after = await filled(home, 2);
    for (const { id } of after) expect(ids).not.toContain(id);
    expect((await operations(home, FILL)).every(({ state }) => state === 'succeeded')).toBe(true);
    expect(await home.surplus()).toEqual([]);

    // What it was made for, and nothing else.
    await busyboxVm(home, 'alone', '--network', 'none');
    expect(await show(home, 'alone')).toMatchObject({ came_up: 'template' });
    const taken = await home.nook(['vm', 'run', '-d', '--image', 'busybox', '--memory', '256M', '--name', 'one']);
    expect(taken.stderr).toContain("There is a VM named 'one' already.");
    const published = await home.nook([
      'vm',
      'run',
      '-d',
      '--image',
      'busybox',
      '--memory',
      '256M',
      '--publish',
      `${port}:80`,
    ]);
    expect(published.stderr).toContain('in use already');
    expect((await pool(home)).map(({ id }) => id).sort()).toEqual(after.map(({ id }) => id).sort());

    await text(home, 'one', 'echo kept > /root/file; sync');
    await home.ok('vm', 'restart', 'one');
    expect(await show(home, 'one')).toMatchObject({ came_up: 'cold' });
    expect(await text(home, 'one', 'cat /root/file; hostname')).toBe('kept\none');
  });

  it('leaves the VM of a command when that ends, as any other', async () => {
    await using home = await pooled(1);
    await home.ok('daemon', 'start');
    await filled(home, 1);
    expect(await home.ok('vm', 'run', '--rm', '--image', 'busybox', '--memory', '256M', '--', 'echo', 'hello')).toBe(
      'hello\n',
    );
    expect(await home.json('vm', 'list')).toEqual([]);
    await filled(home, 1);
    expect(await home.surplus()).toEqual([]);
  });

  it('ends with its daemon, and is made anew by the next', async () => {
    await using home = await pooled(1);
    await home.ok('daemon', 'start');
    const [member] = await filled(home, 1);
    await home.ok('daemon', 'stop');
    expect(isGone(member?.vmhost_pid ?? 0)).toBe(true);
    expect(isGone(member?.qemu_pid ?? 0)).toBe(true);
    expect(readdirSync(join(home.dir, 'state/vms'))).toEqual([]);
    await home.ok('daemon', 'start');
    await filled(home, 1);
  });

  it('is taken up again after a kill -9 of nookd; one that died meanwhile is made anew', async () => {
    await using home = await pooled(2);
    await home.ok('daemon', 'start');
    const [stays, dies] = await filled(home, 2);
    const nookd = await daemonPid(home);
    process.kill(nookd, 'SIGKILL');
    process.kill(dies?.qemu_pid ?? 0, 'SIGKILL');
    await eventually('both are gone', () => isGone(nookd) && isGone(dies?.vmhost_pid ?? 0), Boolean);
    const after = await filled(home, 2);
    expect(after.map(({ id }) => id)).toContain(stays?.id);
    expect(after.map(({ id }) => id)).not.toContain(dies?.id);
    await busyboxVm(home, 'web');
    expect(await show(home, 'web')).toMatchObject({ came_up: 'pool' });
    expect(await home.surplus()).toEqual([]);
  });

  it('replaces a member that dies, and has none for other shapes', async () => {
    await using home = await pooled(1);
    await home.ok('daemon', 'start');
    const [member] = await filled(home, 1);
    process.kill(member?.vmhost_pid ?? 0, 'SIGKILL');
    await built(home, FILL, 2);
    const [another] = await filled(home, 1);
    expect(another?.id).not.toBe(member?.id);
    await home.ok('vm', 'run', '--rm', '--image', 'busybox', '--memory', '512M', '--', 'true');
    expect(await pool(home)).toMatchObject([{ id: another?.id }]);
  });

  it('ends members of a template that is not the current one any more', async () => {
    await using home = await pooled(1);
    await home.ok('daemon', 'start');
    const [stale] = await filled(home, 1);
    // A daemon that stops ends them itself.
    await killNookd(home);
    const file = join(home.dir, 'config/config.toml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"256M"', '"128M"'));
    const [current] = await eventually(
      'the pool has a member of the new shape',
      () => pool(home),
      ([member]) => member?.state === 'ready' && member.id !== stale?.id,
      60_000,
    );
    for (const pid of [stale?.vmhost_pid, stale?.qemu_pid]) expect(isGone(pid)).toBe(true);
    expect(current?.template).not.toBe(stale?.template);
    await home.ok('vm', 'run', '-d', '--image', 'busybox', '--memory', '128M', '--name', 'web');
    expect(await show(home, 'web')).toMatchObject({ came_up: 'pool', id: current?.id });
    expect(await home.surplus()).toEqual([]);
  });
});

describe('a claim', () => {
  it('that fails is said, and the VM comes up from the template', async () => {
    await using home = await pooled(1);
    await home.ok('daemon', 'start');
    const [member] = await filled(home, 1);
    process.kill(member?.qemu_pid ?? 0, 'SIGSTOP');
    await busyboxVm(home, 'web');
    const shown = await show(home, 'web');
    expect(shown).toMatchObject({ state: 'running', came_up: 'template', id: member?.id });
    expect(shown.fallback).toMatch(/^the machine of the pool could not be used: /);
    expect(isGone(member?.qemu_pid ?? 0)).toBe(true);
    expect(await text(home, 'web', 'hostname')).toBe('web');
    expect(await home.surplus()).toEqual([]);
  });

  it.each([
    { told: 'had not heard of it', freeze: 'vmhost_pid' },
    { told: 'was carrying it out', freeze: 'qemu_pid' },
  ] as const)(
    'between whose two phases nookd is killed is finished by the next; the vmhost $told',
    async ({ freeze }) => {
      await using home = await pooled(1);
      await home.ok('daemon', 'start');
      const [member] = await filled(home, 1);
      const frozen = member?.[freeze] ?? 0;
      process.kill(frozen, 'SIGSTOP');
      const running = outcome(
        home.spawn(['vm', 'create', '--start', '--image', 'busybox', '--memory', '256M', '--name', 'web']),
      );
      await eventually(
        'it is claimed',
        () => home.json<Shown[]>('vm', 'list'),
        ([vm]) => vm?.state === 'starting',
      );
      const nookd = await daemonPid(home);
      process.kill(nookd, 'SIGKILL');
      await eventually('nookd is gone', () => isGone(nookd), Boolean);
      // Before the client is waited for, whose next call may start the next nookd: that one gives a claim its deadline too.
      process.kill(frozen, 'SIGCONT');
      expect((await running).code).not.toBe(0);
      const vm = await eventually(
        'it runs',
        () => show(home, 'web'),
        ({ state }) => state === 'running',
      );
      expect(vm).toMatchObject({ id: member?.id, came_up: 'pool', qemu_pid: member?.qemu_pid });
      expect(await text(home, 'web', 'hostname; cat /etc/machine-id | wc -c')).toBe('web\n33');
      await text(home, 'web', 'ping -c 1 -W 5 10.0.2.2');
      expect((await pool(home)).map(({ id }) => id)).not.toContain(member?.id);
      expect(await home.surplus()).toEqual([]);
    },
  );
});

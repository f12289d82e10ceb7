import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { isGone, killNookd, show, untilGone, untilVm } from './harness/machines.ts';

const until = (home: Home, name: string, state: string) =>
  untilVm(home, name, { what: state, is: (vm) => vm.state === state, timeoutMs: 60_000 });

describe('a VM with limits', () => {
  it('is stopped once it is idle, with no daemon there; a detached session is activity', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web', '--idle-timeout', '1s', '--', 'sleep', '3');
    const { dir, vmhost_pid, qemu_pid } = await show(home, 'web');
    await killNookd(home);
    await untilGone('its vmhost', vmhost_pid);
    expect(isGone(qemu_pid)).toBe(true);
    const log = await readFile(join(dir, 'vmhost.log'), 'utf8');
    const order = ['session ended', 'a limit is reached'].map((what) => log.indexOf(what));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(await show(home, 'web')).toMatchObject({
      state: 'stopped',
      cause: 'it was idle for 1 s',
      desired: 'stopped',
      idle_timeout_seconds: 1,
    });
  });

  it('is stopped when it has run long enough, also in use', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web', '--max-duration', '5s');
    // Whether it came to run or not.
    expect((await home.nook(['vm', 'exec', 'web', '--', 'sleep', '600'])).code).not.toBe(0);
    expect(await until(home, 'web', 'stopped')).toMatchObject({ cause: 'it had run for 5 s, as long as it may' });
  });
});

it('the longest duration goes on after a resume, and one that is over loses no memory', async () => {
  await using home = await Home.create();
  await busyboxVm(home, 'web');
  await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'echo kept > /tmp/file; sleep 1');
  await home.ok('vm', 'suspend', 'web');
  await home.ok('vm', 'set', '--max-duration', '1s', 'web');
  expect((await home.nook(['vm', 'resume', 'web'])).stderr).toContain('nook vm set --max-duration');
  expect(await show(home, 'web')).toMatchObject({ state: 'suspended' });
  await home.ok('vm', 'set', '--max-duration', 'off', 'web');
  await home.ok('vm', 'resume', 'web');
  expect(await home.ok('vm', 'exec', 'web', '--', 'cat', '/tmp/file')).toBe('kept\n');
});

describe('a VM that ends by itself', () => {
  it('is restarted as its policy says, also by the next daemon, and not after a stop', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web', '--restart', 'on-failure:2');
    const first = await show(home, 'web');
    await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'echo the last words > /dev/console');
    process.kill(first.qemu_pid as number, 'SIGKILL');
    const failed = await until(home, 'web', 'failed');
    expect(failed).toMatchObject({
      ...{ cause: 'QEMU was killed by SIGKILL', signal: 'SIGKILL', last_phase: 'ready', desired: 'running' },
      ...{
        restart: 'on-failure:2',
        console_tail: expect.arrayContaining(['the last words']),
        next_restart_at: expect.any(Number),
      },
    });
    expect(failed).not.toHaveProperty('exit_code');
    const second = await until(home, 'web', 'running');
    expect(second).toMatchObject({ restarts: 1 });
    expect(second.qemu_pid).not.toBe(first.qemu_pid);

    await killNookd(home, second.vmhost_pid);
    const third = await until(home, 'web', 'running');
    expect(third).toMatchObject({ restarts: 2 });

    process.kill(third.qemu_pid as number, 'SIGKILL');
    const gaveUp = await untilVm(home, 'web', { what: 'given up', is: ({ cause = '' }) => cause.includes('any more') });
    expect(gaveUp).toMatchObject({ state: 'failed', cause: expect.stringMatching(/^it ended 3 times in [\d.]+ s/) });
    expect(gaveUp.next_restart_at).toBeUndefined();

    await home.ok('vm', 'start', 'web');
    expect(await show(home, 'web')).toMatchObject({ state: 'running', restarts: 0 });
    await home.ok('vm', 'stop', 'web');
    expect(await show(home, 'web')).toMatchObject({ state: 'stopped', desired: 'stopped' });
  });

  it('is not started when somebody stopped it, whether it waits for that or is back already', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web', '--restart', 'always');
    await home.nook(['vm', 'exec', 'web', '--', 'poweroff', '-f']);
    await untilVm(home, 'web', {
      what: 'waits, or is back',
      is: ({ next_restart_at, restarts = 0 }) => next_restart_at !== undefined || restarts > 0,
    });
    await home.ok('vm', 'stop', 'web');
    const stopped = await show(home, 'web');
    expect(stopped).toMatchObject({ state: 'stopped', desired: 'stopped' });
    expect(stopped.next_restart_at).toBeUndefined();
  });
});

it('what ends a VM and starts it again is set while it runs', async () => {
  await using home = await Home.create();
  await busyboxVm(home, 'web', '--max-duration', '1h');
  const set = (...flags: string[]) => home.json('vm', 'set', 'web', ...flags);
  const all = ['--restart', 'on-failure:2', '--autostart', 'on', '--idle-timeout', '30m', '--max-duration', 'off'];
  const answer = await set(...all);
  expect(answer).toMatchObject({
    vm: { restart: 'on-failure:2', autostart: true, idle_timeout_seconds: 1800 },
    changed: ['restart', 'autostart', 'idle_timeout', 'max_duration'],
    restart_needed: [],
  });
  expect(answer).toMatchObject({ vm: expect.not.objectContaining({ max_duration_seconds: expect.anything() }) });
  expect(await set(...all)).toMatchObject({ changed: [] });
  expect((await home.nook(['vm', 'set', 'web', '--autostart', 'perhaps'])).code).toBe(1);

  process.kill((await show(home, 'web')).qemu_pid as number, 'SIGKILL');
  await untilVm(home, 'web', { what: 'back', is: ({ state, restarts }) => state === 'running' && restarts === 1 });
  await set('--restart', 'no', '--autostart', 'off', '--idle-timeout', '1s');
  expect(await until(home, 'web', 'stopped')).toMatchObject({ cause: 'it was idle for 1 s', restart: 'no' });
});

it('after a reboot of the host the VMs that are meant to run are started', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'web', '--autostart');
  await busyboxVm(home, 'plain');
  await home.ok('vm', 'create', '--image', 'busybox', '--memory', '128M', '--name', 'off', '--autostart');
  const vms = await Promise.all(['web', 'plain'].map((name) => show(home, name)));
  const identities = await Promise.all(vms.map(({ dir }) => readFile(join(dir, 'vmhost.pid'), 'utf8')));
  await killNookd(home, ...vms.map(({ vmhost_pid }) => vmhost_pid));
  for (const [index, { dir, qemu_pid }] of vms.entries()) {
    await untilGone('its QEMU', qemu_pid);
    const identity = JSON.parse(identities[index] as string) as object;
    await writeFile(join(dir, 'vmhost.pid'), JSON.stringify({ ...identity, boot_id: 'the boot before' }));
  }
  const again = await until(home, 'web', 'running');
  expect(again.vmhost_pid).not.toBe(vms[0]?.vmhost_pid);
  expect(await show(home, 'plain')).toMatchObject({ state: 'failed', cause: 'the host was restarted' });
  expect(await show(home, 'off')).toMatchObject({ state: 'created' });
});

it('a start that the host has no room for is refused with the figures, before anything is made', async () => {
  const config = '[vm.templates]\nauto = false\n[vm.admission]\nmax_vms = 1\n';
  await using home = await Home.create({ config, warm: true });
  await busyboxVm(home, 'web');
  const refused = await home.nook(['run', '--image', 'busybox', '--name', 'more', '--', 'true']);
  expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining('1 VMs run, and max_vms is 1') });
  await home.ok('vm', 'create', '--image', 'busybox', '--memory', '128M', '--name', 'later');
  expect((await home.nook(['vm', 'start', 'later'])).stderr).toContain('[vm.admission]');
  const states = (await home.json<{ name: string; state: string }[]>('vm', 'list')).map(({ name, state }) => [
    name,
    state,
  ]);
  expect(states).toEqual([
    ['web', 'running'],
    ['later', 'created'],
  ]);
  await home.ok('vm', 'stop', 'web');
  await home.ok('vm', 'start', 'later');
});

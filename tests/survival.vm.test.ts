import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identify, type ProcessIdentity } from '../packages/wire/src/index.ts';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';
import {
  isGone,
  killNookd,
  scriptIn,
  sessionOf,
  show,
  untilFailed,
  untilGone,
  untilNoVms,
  untilVm,
  untilVms,
} from './harness/machines.ts';

describe('kill -9', () => {
  it('of nookd interrupts neither a VM nor the output of a running command', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const child = home.spawn(scriptIn('web', 'for i in $(seq 1 10); do echo $i; sleep 0.3; done'));
    const ended = outcome(child);
    await untilOutput(child, /^2$/m);
    const before = await show(home, 'web');
    for (const pid of [before.vmhost_pid, before.qemu_pid]) expect(sessionOf(pid)).toBe(pid);
    await killNookd(home);
    const after = await show(home, 'web');
    expect(after).toMatchObject({ state: 'running', vmhost_pid: before.vmhost_pid, qemu_pid: before.qemu_pid });
    expect(await ended).toMatchObject({ code: 0, stdout: '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n' });
    expect(await home.ok('vm', 'exec', 'web', '--', 'echo', 'hello')).toBe('hello\n');
    await home.ok('vm', 'stop', 'web');
    expect(await show(home, 'web')).toMatchObject({ state: 'stopped' });
  });

  it('of QEMU shows the VM as failed, with the cause', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const { qemu_pid } = await show(home, 'web');
    process.kill(qemu_pid as number, 'SIGKILL');
    const failed = await untilFailed(home, 'web');
    expect(failed.cause).toBe('QEMU was killed by SIGKILL');
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'start', 'web');
    expect(await home.ok('vm', 'exec', 'web', '--', 'echo', 'again')).toBe('again\n');
  });

  it('of the vmhost leaves no QEMU behind; the VM is failed and starts again', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const { vmhost_pid, qemu_pid } = await show(home, 'web');
    process.kill(vmhost_pid as number, 'SIGKILL');
    await untilGone('QEMU', qemu_pid);
    const failed = await untilFailed(home, 'web');
    expect(failed.cause).toBe('its vmhost died');
    await home.ok('vm', 'start', 'web');
    expect(await home.surplus()).toEqual([]);
  });

  it('of vmhost and nookd at once is told truly by the next command', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const { vmhost_pid, qemu_pid } = await show(home, 'web');
    await killNookd(home, vmhost_pid);
    // Nobody is left to clean up: the kernel ends QEMU with its vmhost.
    await untilGone('QEMU', qemu_pid);
    expect(await show(home, 'web')).toMatchObject({ state: 'failed', cause: 'its vmhost died' });
    await home.ok('vm', 'start', 'web');
  });

  it('of the client of `vm run --rm` removes the VM all the same', async () => {
    await using home = await Home.create({ warm: true });
    const child = home.spawn(['vm', 'run', '--rm', '--image', 'busybox', '--', 'sh', '-c', 'echo up; sleep 1000']);
    await untilOutput(child, /up/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await untilNoVms(home);
    expect(await home.surplus()).toEqual([]);
  });

  it('of the client while the VM still boots removes it too', async () => {
    await using home = await Home.create({ warm: true });
    await home.ok('image', 'pull', 'busybox');
    const child = home.spawn(['vm', 'run', '--rm', '--image', 'busybox', '--', 'sleep', '1000']);
    await untilVms(home, 'the VM starts', ([vm]) => vm?.state === 'starting');
    child.kill('SIGKILL');
    await untilNoVms(home);
    expect(await home.surplus()).toEqual([]);
  });

  it('of nookd while a VM boots: the next daemon takes the VM up', async () => {
    await using home = await Home.create({ warm: true });
    const child = home.spawn(['vm', 'run', '-d', '--name', 'web', '--image', 'busybox']);
    const ended = outcome(child);
    await untilVms(home, 'the VM starts', ([vm]) => vm?.vmhost_pid !== undefined || vm?.state === 'starting');
    await killNookd(home);
    expect((await ended).code).not.toBe(0);
    const settled = { what: 'settled', is: ({ state }: { state: string }) => state !== 'starting', timeoutMs: 60_000 };
    const vm = await untilVm(home, 'web', settled);
    expect(['running', 'failed']).toContain(vm.state);
    expect(await home.surplus()).toEqual([]);
  });

  it('never touches a vmhost that merely does not answer, until it is told to', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'frozen');
    await busyboxVm(home, 'other');
    const { vmhost_pid, qemu_pid } = await show(home, 'frozen');
    process.kill(vmhost_pid as number, 'SIGSTOP');
    expect(await home.ok('vm', 'exec', 'other', '--', 'echo', 'fine')).toBe('fine\n');
    expect(await show(home, 'frozen')).toMatchObject({ state: 'running' });
    await home.ok('vm', 'kill', 'frozen');
    expect(isGone(vmhost_pid)).toBe(true);
    expect(isGone(qemu_pid)).toBe(true);
    expect((await show(home, 'frozen')).state).toMatch(/failed|stopped/);
  });
});

it('a process that got the pid of a vmhost of before is never signalled', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'web');
  const { dir } = await show(home, 'web');
  const file = join(dir, 'vmhost.pid');
  for (const alike of ['words', 'start']) {
    const { vmhost_pid, qemu_pid } = await show(home, 'web');
    const dead = JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
    const decoy = spawn('sh', ['-c', 'read line', alike === 'words' ? `--token=${dead.token}` : 'other']);
    const pid = decoy.pid as number;
    try {
      await killNookd(home, vmhost_pid);
      await untilGone('QEMU', qemu_pid);
      const { start_ticks } = alike === 'start' ? identify(pid, '') : dead;
      await writeFile(file, JSON.stringify({ ...dead, pid, start_ticks }));
      expect(await show(home, 'web')).toMatchObject({ state: 'failed', cause: 'its vmhost died' });
      await home.ok('vm', 'start', 'web');
      expect(await home.surplus()).toEqual([]);
      expect([decoy.exitCode, decoy.signalCode, isGone(pid)]).toEqual([null, null, false]);
    } finally {
      decoy.kill('SIGKILL');
    }
  }
});

describe('a vmhost that is stuck', () => {
  it('when a daemon starts delays nobody, is taken up when it wakes, and can be killed', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'stuck');
    const { vmhost_pid } = await show(home, 'stuck');
    const stuck = vmhost_pid as number;
    process.kill(stuck, 'SIGSTOP');
    await killNookd(home);
    const told = await untilVm(home, 'stuck', { what: 'told', is: ({ cause }) => cause !== undefined });
    expect(told).toMatchObject({ state: 'running', cause: expect.stringContaining('does not answer') });
    process.kill(stuck, 'SIGCONT');
    await untilVm(home, 'stuck', { what: 'taken up', is: ({ cause }) => cause === undefined });
    expect(await home.ok('vm', 'exec', 'stuck', '--', 'echo', 'awake')).toBe('awake\n');

    process.kill(stuck, 'SIGSTOP');
    await home.ok('daemon', 'stop');
    await home.ok('vm', 'kill', 'stuck');
    expect(isGone(stuck)).toBe(true);
  });
});

describe('SIGINT', () => {
  it('without a terminal ends the command and removes the VM', async () => {
    await using home = await Home.create({ warm: true });
    const child = home.spawn(['vm', 'run', '--rm', '--image', 'busybox', '--', 'sh', '-c', 'echo up; exec sleep 1000']);
    const ended = outcome(child);
    await untilOutput(child, /up/);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(await home.surplus()).toEqual([]);
  });
});

import { expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home, outcome } from './harness/home.ts';
import { show } from './harness/machines.ts';

it('a VM whose QEMU is frozen delays no call about another, and not the list', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'frozen');
  await busyboxVm(home, 'other');
  const { qemu_pid } = await show(home, 'frozen');
  process.kill(qemu_pid as number, 'SIGSTOP');
  const settled: string[] = [];
  // It is asked for more than it can answer: a command, and a pause that its driver waits for.
  const command = outcome(home.spawn(['vm', 'exec', 'frozen', '--', 'true'])).then(() => settled.push('command'));
  const pause = outcome(home.spawn(['vm', 'pause', 'frozen'])).then(() => settled.push('pause'));
  try {
    expect(await home.ok('vm', 'exec', 'other', '--', 'echo', 'here')).toBe('here\n');
    const states = (await home.json<{ state: string }[]>('vm', 'list')).map(({ state }) => state);
    expect(states).toEqual(['running', 'running']);
    await home.ok('vm', 'pause', 'other');
    await home.ok('vm', 'resume', 'other');
    await home.ok('vm', 'stop', 'other');
    expect(await show(home, 'other')).toMatchObject({ state: 'stopped', cause: 'stopped as asked' });
    expect(settled).toEqual([]);
  } finally {
    process.kill(qemu_pid as number, 'SIGCONT');
  }
  await Promise.all([command, pause]);
});

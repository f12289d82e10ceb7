import { describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';

const state = async (home: Home) => (await home.json<Shown>('vm', 'show', 'web')).state;

describe('a paused VM', () => {
  it('stands still, says so over a restart of the daemon, takes no commands, and goes on where it was', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const counting = home.spawn([
      'vm',
      'exec',
      'web',
      '--',
      'sh',
      '-c',
      'echo up; i=0; while :; do i=$((i+1)); echo $i > /tmp/n; done',
    ]);
    await untilOutput(counting, /up/);
    expect(await home.ok('vm', 'pause', 'web')).toBe('web\n');
    expect(await home.ok('vm', 'pause', 'web')).toBe('web\n');
    expect(await state(home)).toBe('paused');
    const refused = await home.nook(['vm', 'exec', 'web', '--', 'true']);
    expect(refused).toMatchObject({ code: 125, stderr: expect.stringContaining('nook vm resume web') });
    expect((await home.nook(['vm', 'start', 'web'])).stderr).toContain('nook vm resume web');
    expect(await home.surplus()).toEqual([]);

    await home.ok('daemon', 'stop');
    expect(await state(home)).toBe('paused');
    await home.ok('vm', 'resume', 'web');
    expect(await state(home)).toBe('running');
    const read = () => home.ok('vm', 'exec', 'web', '--', 'cat', '/tmp/n').then(Number);
    const first = await read();
    await eventually('it counts on', read, (now) => now > first);
    const ended = outcome(counting);
    await home.ok('vm', 'rm', '--force', 'web');
    expect((await ended).code).not.toBe(0);
  });

  it('is continued to be stopped, so that its guest can act on it', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const script = 'trap "echo heard > /root/file; sync; exit" TERM; echo ready; while :; do sleep 0.1; done';
    const listening = home.spawn(['vm', 'exec', 'web', '--', 'sh', '-c', script]);
    const ended = outcome(listening);
    await untilOutput(listening, /ready/);
    await home.ok('vm', 'pause', 'web');
    await home.ok('vm', 'stop', 'web');
    expect(await home.json('vm', 'show', 'web')).toMatchObject({ state: 'stopped', cause: 'stopped as asked' });
    await ended;
    expect((await home.nook(['vm', 'resume', 'web'])).stderr).toContain("VM 'web' is stopped");
    await home.ok('vm', 'start', 'web');
    expect(await home.ok('vm', 'exec', 'web', '--', 'cat', '/root/file')).toBe('heard\n');
  });

  it('is killed like any other', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    await home.ok('vm', 'pause', 'web');
    await home.ok('vm', 'kill', 'web');
    expect(await home.json('vm', 'show', 'web')).toMatchObject({ state: 'stopped' });
    expect(await home.surplus()).toEqual([]);
  });
});

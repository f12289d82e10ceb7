import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { freePort } from './harness/ports.ts';
import { show, text } from './harness/templates.ts';

const FACTS = [
  'hostname',
  'cat /etc/hostname',
  'cat /etc/machine-id',
  'cat /sys/class/net/eth0/address',
  'head -c 64 /dev/urandom | md5sum',
  'cat /proc/sys/kernel/random/uuid',
];

interface Forked {
  readonly vm: { readonly name: string; readonly state: string; readonly came_up?: string };
  readonly pause_ms?: number;
  readonly unpublished: number;
}

const layers = (home: Home) => home.json<{ dependants: string[] }[]>('rpc', 'call', 'vm.layer.list');

describe('a fork', () => {
  it('of a VM that runs is another VM that runs, with its memory and disk, and an identity of its own', async () => {
    await using home = await Home.create({ warm: true });
    const life = ['--restart', 'always', '--autostart', '--max-duration', '1h'];
    await busyboxVm(home, 'one', '--publish', `${await freePort()}:80`, ...life);
    await text(home, 'one', 'echo disk > /root/file; echo memory > /tmp/file');
    const counting = 'echo up; while :; do i=$((i+1)); echo $i > /tmp/n; sleep 0.1; done';
    await home.ok('vm', 'exec', '-d', 'one', '--', 'sh', '-c', counting);
    await text(home, 'one', 'until [ -s /tmp/n ]; do sleep 0.1; done');
    const { vm, pause_ms, unpublished } = await home.json<Forked>('vm', 'fork', 'one', 'two');
    expect(vm).toMatchObject({ name: 'two', state: 'running', came_up: 'resume' });
    expect(vm).toMatchObject({ restart: 'no', autostart: false, max_duration_seconds: 3600 });
    expect(pause_ms).toBeGreaterThan(0);
    expect(unpublished).toBe(1);
    expect(await home.surplus()).toEqual([]);

    const [one, two] = await Promise.all(
      ['one', 'two'].map(async (name) => (await text(home, name, FACTS.join('; '))).split('\n')),
    );
    expect([one?.[0], two?.[0], two?.[1]]).toEqual(['one', 'two', 'two']);
    expect(one).toHaveLength(FACTS.length);
    for (const [index, value] of (one ?? []).entries()) expect(two?.[index]).not.toBe(value);
    const drift = Number(await text(home, 'two', 'date +%s')) - Date.now() / 1000;
    expect(Math.abs(drift)).toBeLessThan(5);

    // The command goes on in both; the session only in the one that it was begun in.
    for (const name of ['one', 'two'])
      await text(home, name, 'a=$(cat /tmp/n); until [ $(cat /tmp/n) -gt $a ]; do sleep 0.1; done');
    const session = ['vm', 'exec', '--list'];
    expect(await home.json(...session, 'one')).toMatchObject([{ session: '2', state: 'running' }]);
    expect(await home.json(...session, 'two')).toMatchObject([{ session: '2', state: 'exited', exit_code: 125 }]);
    expect((await home.nook(['vm', 'attach', 'two', '2'])).stderr).toContain('another epoch');

    await text(home, 'two', 'echo of two > /root/file; echo of two > /tmp/file; sync');
    expect(await text(home, 'one', 'cat /root/file /tmp/file')).toBe('disk\nmemory');
    await home.ok('vm', 'rm', '--force', 'one');
    expect(await text(home, 'two', 'cat /root/file /tmp/file; dmesg | wc -l')).toMatch(/^of two\nof two\n\d\d/);
    await home.ok('vm', 'restart', 'two');
    expect(await text(home, 'two', 'hostname; cat /root/file')).toBe('two\nof two');
    expect(await layers(home)).toMatchObject([{ dependants: ['vm two'] }]);
    await home.ok('vm', 'rm', '--force', 'two');
    expect(await layers(home)).toEqual([]);
    expect(existsSync(`${home.dir}/state/layers`)).toBe(true);
  });

  it('of a stopped or suspended VM leaves that as it is', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'one');
    await text(home, 'one', 'echo disk > /root/file; sync; echo memory > /tmp/file');
    await home.ok('vm', 'suspend', 'one');
    const ofSuspended = await home.json<Forked>('vm', 'fork', 'one', 'two');
    expect(ofSuspended).toMatchObject({ vm: { state: 'running', came_up: 'resume' } });
    expect(await text(home, 'two', 'hostname; cat /root/file /tmp/file')).toBe('two\ndisk\nmemory');
    expect(await show(home, 'one')).toMatchObject({ state: 'suspended' });
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'resume', 'one');
    expect(await text(home, 'one', 'hostname; cat /root/file /tmp/file')).toBe('one\ndisk\nmemory');
    await home.ok('vm', 'stop', 'one');
    const ofStopped = await home.json<Forked>('vm', 'fork', 'one', 'three');
    expect(ofStopped).toMatchObject({ vm: { state: 'stopped' } });
    await home.ok('vm', 'start', 'three');
    expect(await text(home, 'three', 'hostname; cat /root/file')).toBe('three\ndisk');
    expect(await home.surplus()).toEqual([]);
  });
});

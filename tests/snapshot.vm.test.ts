import { describe, expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { show, text } from './harness/templates.ts';

interface Snapshot {
  readonly name: string;
  readonly parent?: string;
  readonly memory: boolean;
  readonly current: boolean;
  readonly pause_ms?: number;
}

const list = (home: Home) => home.json<Snapshot[]>('vm', 'snapshot', 'list', 'web');
const lineage = async (home: Home) =>
  (await list(home)).map(({ name, parent, current }) => [name, parent ?? '-', current ? 'now' : '']);
const FILES = 'cat /root/file /tmp/file 2>/dev/null || echo gone';

describe('snapshots', () => {
  it('bring a VM back with its memory or with its disk alone, and know their order', async () => {
    await using home = await Home.create({ warm: true });
    await busyboxVm(home, 'web');
    const set = (value: string) => text(home, 'web', `echo ${value} > /root/file; echo ${value} > /tmp/file`);
    await text(home, 'web', 'mount -t tmpfs none /tmp');
    await set('first');
    expect(await home.json('vm', 'snapshot', 'create', 'web', 'first')).toMatchObject({ memory: true, current: true });
    await set('second');
    await home.ok('vm', 'snapshot', 'create', '--disk-only', 'web', 'second');
    await set('third');
    expect(await lineage(home)).toEqual([
      ['first', '-', ''],
      ['second', 'first', 'now'],
    ]);
    const again = await home.nook(['vm', 'snapshot', 'create', 'web', 'first']);
    expect(again.stderr).toContain("has a snapshot 'first' already");
    const refused = await home.nook(['vm', 'snapshot', 'restore', 'web', 'first']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(await text(home, 'web', FILES)).toBe('third\nthird');
    expect(await home.surplus()).toEqual([]);

    await home.ok('vm', 'snapshot', 'restore', '--force', 'web', 'first');
    expect(await show(home, 'web')).toMatchObject({ state: 'running', came_up: 'resume' });
    expect(await text(home, 'web', FILES)).toBe('first\nfirst');
    await home.ok('vm', 'stop', 'web');
    await home.ok('vm', 'snapshot', 'restore', 'web', 'second');
    expect(await show(home, 'web')).toMatchObject({ state: 'stopped' });
    await home.ok('vm', 'snapshot', 'create', 'web', 'third');
    await home.ok('vm', 'start', 'web');
    expect(await text(home, 'web', FILES)).toBe('second\ngone');
    expect(await lineage(home)).toEqual([
      ['first', '-', ''],
      ['second', 'first', ''],
      ['third', 'second', 'now'],
    ]);
    await home.ok('vm', 'snapshot', 'rm', 'web', 'second');
    expect(await lineage(home)).toEqual([
      ['first', '-', ''],
      ['third', 'first', 'now'],
    ]);
    await home.ok('daemon', 'stop');
    await home.ok('vm', 'snapshot', 'restore', '--force', 'web', 'first');
    expect(await text(home, 'web', FILES)).toBe('first\nfirst');
    expect(await home.surplus()).toEqual([]);
  });
});

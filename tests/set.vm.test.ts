import { expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';

const SMALL = ['--image', 'busybox', '--memory', '128M'];

it('what a VM is can be set: labels at once, its shape from the next boot on', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'web', '--label', 'env=test', '--label', 'job=7');
  const set = (...flags: string[]) => home.json<object>('vm', 'set', 'web', ...flags);
  expect(await set('--label', 'env=prod', '--unlabel', 'job')).toMatchObject({
    vm: { labels: { env: 'prod' } },
    changed: ['labels'],
    restart_needed: [],
  });
  expect(await set('--vcpus', '2', '--memory', '160M')).toMatchObject({
    vm: { vcpus: 1, memory_bytes: 256 * 1024 ** 2, next_start: { vcpus: 2, memory_bytes: 160 * 1024 ** 2 } },
    restart_needed: ['vcpus', 'memory'],
  });
  expect(await set('--memory', '256M')).toMatchObject({ changed: ['memory'], restart_needed: ['vcpus'] });
  expect((await home.nook(['vm', 'set', 'web', '--memory', '1M', '--label', 'x=y'])).code).toBe(1);
  expect(await home.json('vm', 'show', 'web')).toMatchObject({ labels: { env: 'prod' }, vcpus: 1 });

  await home.ok('vm', 'suspend', 'web');
  await home.ok('vm', 'resume', 'web');
  expect(await home.ok('vm', 'exec', 'web', '--', 'nproc')).toBe('1\n');
  await home.ok('vm', 'restart', 'web');
  expect(await home.ok('vm', 'exec', 'web', '--', 'nproc')).toBe('2\n');
  expect(await home.json('vm', 'show', 'web')).toEqual(expect.not.objectContaining({ next_start: expect.anything() }));
});

it('several VMs are made by one command, which ends as the first that fails; prune takes those that do not run', async () => {
  await using home = await Home.create({ warm: true });
  const script = 'echo "I am $(hostname)"; echo hush >&2; [ "$(hostname)" != web-2 ]';
  await home.ok('vm', 'create', ...SMALL, '--name', 'web-3');
  const run = await home.nook(['vm', 'run', ...SMALL, '--name', 'web', '--count', '3', '--', 'sh', '-c', script]);
  expect(run.stdout.split('\n').toSorted()).toEqual(['', 'web-1 | I am web-1', 'web-2 | I am web-2']);
  expect(run.stderr).toContain('web-2 | hush');
  expect(run.stderr).toContain("nook: web-3: There is a VM named 'web-3' already.");
  expect(run.code).toBe(1);
  expect((await home.nook(['vm', 'run', ...SMALL, '--count', '2'])).code).toBe(125);
  const detached = await home.json<Shown[]>('vm', 'run', ...SMALL, '--name', 'bg', '--count', '2', '-d');
  expect(detached.map(({ name, state }) => [name, state])).toEqual([
    ['bg-1', 'running'],
    ['bg-2', 'running'],
  ]);

  await home.ok('vm', 'stop', '--force', 'bg-1');
  await home.ok('vm', 'suspend', 'bg-2');
  const pruned = (...flags: string[]) =>
    home.json<{ removed: { name: string; bytes: number }[]; bytes: number }>('vm', 'prune', ...flags);
  const dry = await pruned('--dry-run');
  expect(dry.removed.map(({ name }) => name)).toEqual(['web-3', 'bg-1']);
  expect(dry.bytes).toBeGreaterThan(0);
  expect((await pruned('--filter', 'name=bg-*')).removed.map(({ name }) => name)).toEqual(['bg-1']);
  expect((await pruned('--suspended')).removed.map(({ name }) => name)).toEqual(['web-3', 'bg-2']);
  const left = await home.json<Shown[]>('vm', 'list');
  expect(left.map(({ name }) => name).toSorted()).toEqual(['web-1', 'web-2']);
});

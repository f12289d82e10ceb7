import { describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { text } from './harness/templates.ts';

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

describe('a disk', () => {
  const GIB = 1024 ** 3;
  const SPACE = "df -k / | tail -n 1 | awk '{print int($2 / 1024 / 1024 + 0.5)}'";
  const space = async (home: Home, name: string) => Number(await home.ok('vm', 'exec', name, '--', 'sh', '-c', SPACE));
  const set = (home: Home, gib: number) => home.json('vm', 'set', 'web', '--disk', `${gib}G`);

  it('grows while the VM runs and when it does not, its file system with it; it never shrinks', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'web');
    const gib = (await home.json<{ disk_bytes: number }>('vm', 'show', 'web')).disk_bytes / GIB;
    const before = await space(home, 'web');
    const grown = await set(home, gib + 4);
    expect(grown).toMatchObject({ vm: { disk_bytes: (gib + 4) * GIB }, changed: ['disk'], restart_needed: [] });
    expect(await space(home, 'web')).toBe(before + 4);
    const refused = await home.nook(['vm', 'set', 'web', '--disk', `${gib}G`]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('can only grow') });

    await home.ok('vm', 'pause', 'web');
    expect((await home.nook(['vm', 'set', 'web', '--disk', `${gib + 8}G`])).stderr).toContain('nook vm resume web');
    expect(await home.json('vm', 'show', 'web')).toMatchObject({ disk_bytes: (gib + 4) * GIB });
    await home.ok('vm', 'resume', 'web');
    await home.ok('vm', 'suspend', 'web');
    expect(await set(home, gib + 8)).toMatchObject({ restart_needed: [] });
    await home.ok('vm', 'resume', 'web');
    expect(await space(home, 'web')).toBe(before + 8);

    await home.ok('vm', 'stop', 'web');
    expect(await set(home, gib + 12)).toMatchObject({ restart_needed: [], under_way: [] });
    await home.ok('vm', 'start', 'web');
    expect(await space(home, 'web')).toBe(before + 12);
  });

  it('that is so large that the guest is cut off while it fills it is filled on by the next start', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'web');
    await text(home, 'web', 'echo kept > /root/file; sync');
    expect(await set(home, 14 * 1024)).toMatchObject({ restart_needed: [] });
    // A part of the growth stands in the journal only.
    await home.ok('vm', 'stop', '--force', 'web');
    await home.ok('vm', 'start', 'web');
    expect(await text(home, 'web', 'cat /root/file')).toBe('kept');
    expect(await space(home, 'web')).toBeGreaterThan(100);
  });

  it('keeps its size when the VM is brought back to a snapshot; a copy has the same', async () => {
    await using home = await Home.create();
    await busyboxVm(home, 'web');
    const before = await space(home, 'web');
    const gib = (await home.json<{ disk_bytes: number }>('vm', 'show', 'web')).disk_bytes / GIB;
    await text(home, 'web', 'echo early > /root/file; sync');
    await home.ok('vm', 'snapshot', 'create', 'web', 'early');
    await set(home, gib + 4);
    await text(home, 'web', 'echo late > /root/file');
    await home.ok('vm', 'fork', 'web', 'copy');
    expect(await text(home, 'copy', `cat /root/file; ${SPACE}`)).toBe(`late\n${before + 4}`);
    await home.ok('vm', 'rm', '--force', 'copy');
    await home.ok('vm', 'snapshot', 'restore', '--force', 'web', 'early');
    expect(await text(home, 'web', `cat /root/file; ${SPACE}`)).toBe(`early\n${before + 4}`);
    await home.ok('vm', 'snapshot', 'restore', '--force', '--disk-only', 'web', 'early');
    await home.ok('vm', 'start', 'web');
    expect(await text(home, 'web', `cat /root/file; ${SPACE}`)).toBe(`early\n${before + 4}`);
    expect(await home.surplus()).toEqual([]);
  });
});

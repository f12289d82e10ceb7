import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { show, untilVm } from './harness/machines.ts';

const names = async (home: Home, ...filters: string[]) =>
  (await home.json<Shown[]>('vm', 'list', ...filters.flatMap((filter) => ['--filter', filter]))).map(
    ({ name }) => name,
  );

const make = (home: Home, name: string, ...flags: string[]) =>
  home.ok('vm', 'create', '--image', 'busybox', '--memory', '128M', '--name', name, ...flags);

it('VMs are listed, started and removed by what holds of them', async () => {
  await using home = await Home.create({ warm: true });
  await make(home, 'web-1', '--label', 'env=test', '--label', 'tier=front');
  await make(home, 'web-2', '--label', 'env=prod');
  await make(home, 'db-1', '--label', 'env=test');
  expect(await home.json('vm', 'show', 'web-1')).toMatchObject({ labels: { env: 'test', tier: 'front' } });
  expect(await names(home, 'label=env')).toEqual(['web-1', 'web-2', 'db-1']);
  expect(await names(home, 'label=env=test', 'name=web-*')).toEqual(['web-1']);
  expect(await names(home, 'state=running')).toEqual([]);
  const page = { limit: 1, after: await show(home, 'web-1'), filter: ['label=env=test'] };
  expect(JSON.parse(await home.ok('rpc', 'call', 'vm.list', JSON.stringify(page)))).toMatchObject([{ name: 'db-1' }]);

  const wrong = await home.nook(['vm', 'rm', '--filter', 'labels=env']);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("'labels=env' is not a filter") });
  expect((await home.nook(['vm', 'rm'])).code).toBe(2);
  expect((await home.nook(['vm', 'rm', '--all', 'web-1'])).code).toBe(1);
  expect(await home.ok('vm', 'rm', '--filter', 'label=env=test')).toBe('web-1\ndb-1\n');
  expect(await names(home)).toEqual(['web-2']);
  const none = await home.nook(['vm', 'rm', '--filter', 'label=env=test']);
  expect(none).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('no such VM') });
});

it('a VM is renamed while it runs: its guest too, and the daemon after it knows it', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'old');
  await make(home, 'taken');
  const taken = await home.nook(['vm', 'rename', 'old', 'taken', '--json']);
  expect(JSON.parse(taken.stderr)).toMatchObject({ error: { code: 'already_exists' } });
  expect((await home.nook(['vm', 'rename', 'old', 'not_a_name'])).code).toBe(1);

  expect(await home.json('vm', 'rename', 'old', 'new')).toMatchObject({ vm: { name: 'new' }, host_name: 'now' });
  expect(await home.ok('vm', 'exec', 'new', '--', 'sh', '-c', 'hostname; cat /etc/hostname')).toBe('new\nnew\n');
  expect((await home.nook(['vm', 'show', 'old'])).code).toBe(1);
  await home.ok('daemon', 'stop');
  expect(await names(home)).toEqual(['new', 'taken']);
  await make(home, 'old');
  await home.ok('vm', 'pause', 'new');
  expect(await home.json('vm', 'rename', 'new', 'newer')).toMatchObject({ host_name: 'next_start' });
  await home.ok('vm', 'restart', 'newer');
  expect(await home.ok('vm', 'exec', 'newer', '--', 'hostname')).toBe('newer\n');
  await home.ok('vm', 'rm', '--force', 'newer');
  expect(await names(home)).toEqual(['taken', 'old']);
});

it('a signal goes to QEMU', async () => {
  await using home = await Home.create({ warm: true });
  await busyboxVm(home, 'web');
  const { qemu_pid } = await show(home, 'web');
  const refused = await home.nook(['vm', 'kill', '--signal', 'NOPE', 'web']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not a signal') });
  await home.ok('vm', 'kill', '--signal', 'STOP', 'web');
  expect(await processState(qemu_pid)).toBe('T');
  await home.ok('vm', 'kill', '-s', 'cont', 'web');
  expect(await home.ok('vm', 'exec', 'web', '--', 'echo', 'up')).toBe('up\n');
  await home.ok('vm', 'kill', '-s', '15', 'web');
  const ended = await untilVm(home, 'web', { what: 'stopped', is: ({ state }) => state === 'stopped' });
  expect(ended.cause).toBe('ended by SIGTERM as asked');
  expect((await home.nook(['vm', 'kill', '-s', 'TERM', 'web'])).stderr).toContain("VM 'web' is stopped");
  await home.ok('vm', 'start', 'web');
  expect(JSON.parse(await home.ok('vm', 'kill', '-s', 'KILL', 'web', '--json'))).toMatchObject({ state: 'stopped' });
});

async function processState(pid: number | undefined): Promise<string | undefined> {
  return /\) (.) /.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1];
}

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { busyboxVm } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';
import { isGone, killNookd, show } from './harness/machines.ts';

interface Finding {
  readonly status: string;
  readonly item: string;
  readonly evidence: string;
  readonly repair?: string;
}

it('VMs that somebody took the folder, the disk or the record of are told of, start no more, and are removed', async () => {
  await using home = await Home.create();
  for (const name of ['up', 'off', 'disk', 'record', 'whole']) await busyboxVm(home, name);
  await home.ok('vm', 'stop', '--force', 'off', 'disk', 'record', 'whole');
  const up = await show(home, 'up');
  const off = await show(home, 'off');
  await rm(up.dir, { recursive: true });
  await rm(off.dir, { recursive: true });
  await rm(join((await show(home, 'disk')).dir, 'machine/disk.qcow2'));

  expect(await show(home, 'off')).toMatchObject({ state: 'stopped', cause: `its folder ${off.dir} is gone` });
  const refused = await home.nook(['vm', 'start', 'off']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('nook vm rm --force off') });
  expect(existsSync(join(off.dir, 'machine'))).toBe(false);
  expect((await home.nook(['vm', 'start', 'disk'])).stderr).toContain('its disk is gone');
  expect((await home.nook(['vm', 'exec', 'up', '--', 'true'])).stderr).toContain('nook vm rm --force up');
  const findings = JSON.parse((await home.nook(['doctor', '--json'])).stdout) as Finding[] | { findings: Finding[] };
  const all = Array.isArray(findings) ? findings : findings.findings;
  expect(all.filter(({ item }) => item.startsWith('VM ')).map(({ status, item }) => [status, item])).toEqual([
    ['error', "VM 'up'"],
    ['error', "VM 'off'"],
    ['error', "VM 'disk'"],
  ]);

  await killNookd(home);
  const store = new DatabaseSync(join(home.dir, 'state/nook.db'));
  store.exec("UPDATE vm_machines SET spec = '{' WHERE name = 'record'");
  store.close();
  const listed = await home.json<{ name: string; state: string; cause?: string }[]>('vm', 'list');
  expect(listed.map(({ name, state, cause = '' }) => [name, state, cause.slice(0, 10)])).toEqual([
    ['up', 'failed', 'its folder'],
    ['off', 'failed', 'its folder'],
    ['disk', 'failed', 'its disk i'],
    ['record', 'failed', 'its record'],
    ['whole', 'stopped', expect.any(String)],
  ]);
  expect(isGone(up.qemu_pid)).toBe(true);
  expect((await home.nook(['vm', 'start', 'record'])).stderr).toContain('nook vm rm --force record');
  expect((await home.nook(['vm', 'set', 'record', '--vcpus', '2'])).code).toBe(1);
  await home.ok('vm', 'start', 'whole');
  await home.ok('vm', 'rm', 'up', 'off', 'disk', 'record');
  expect(await home.json('vm', 'list')).toMatchObject([{ name: 'whole', state: 'running' }]);
  expect(await home.surplus()).toEqual([]);
});

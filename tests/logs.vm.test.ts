import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';
import { untilVm } from './harness/machines.ts';

it('logs are kept by boot, followed to the end of their boot, and bounded in number', async () => {
  await using home = await Home.create({ config: '[vm]\nkeep_boots = 2\n', warm: true });
  await busyboxVm(home, 'web');
  const { dir } = await home.json<Shown>('vm', 'show', 'web');
  await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'echo marked first > /dev/console');
  const following = home.spawn(['vm', 'logs', '-f', 'web']);
  const followed = outcome(following);
  await untilOutput(following, /marked first/);
  const later = untilOutput(following, /marked later/);
  await home.ok('vm', 'exec', 'web', '--', 'sh', '-c', 'echo marked later > /dev/console');
  await later;
  await home.ok('vm', 'stop', 'web');
  expect(await followed).toMatchObject({ code: 0, stdout: expect.stringContaining('powering off') });

  await home.ok('vm', 'start', 'web');
  expect(await home.ok('vm', 'logs', 'web')).not.toContain('marked');
  expect(await home.ok('vm', 'logs', '--boot', '1', 'web')).toContain('marked later');
  const vmhost = (boot: number) => home.ok('vm', 'logs', '--source', 'vmhost', '--boot', String(boot), 'web');
  for (const boot of [1, 2]) {
    const lines = (await vmhost(boot))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { boot: number });
    expect(new Set(lines.map((line) => line.boot))).toEqual(new Set([boot]));
  }
  expect(await home.ok('vm', 'logs', '--source', 'qemu', 'web')).toBe('');
  await home.ok('vm', 'kill', '--signal', 'TERM', 'web');
  const ended = await untilVm(home, 'web', {
    what: 'ended',
    is: ({ state }) => state !== 'running' && state !== 'stopping',
  });
  expect(ended).toMatchObject({ exit_code: 0, last_phase: 'ready' });
  expect(await home.ok('vm', 'logs', '--source', 'qemu', 'web')).toMatch(
    /qemu-system-x86_64: terminating on signal 15/,
  );

  await home.ok('vm', 'start', 'web');
  expect((await readdir(dir)).filter((name) => name.startsWith('console')).sort()).toEqual([
    'console-2.log',
    'console-3.log',
  ]);
  for (const boot of ['1', '4']) {
    const missing = await home.nook(['vm', 'logs', '--boot', boot, 'web']);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining(`has no console log of boot ${boot}.`) });
    expect(missing.stderr).toContain('keep_boots');
  }
});

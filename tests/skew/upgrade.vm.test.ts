import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Shown } from '../harness/busybox-vm.ts';
import { Home, outcome, untilOutput } from '../harness/home.ts';
import { Release } from './release.ts';

const SHAPE = ['--image', 'busybox', '--memory', '256M'];
const COUNT = 'i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo $i; sleep 0.3; done; exit 7';

/** What the vmhosts of that version could not do yet. */
const LATER = [
  ['pause', 'old'],
  ['suspend', 'old'],
  ['fork', 'old'],
  ['snapshot', 'create', 'old', 'first'],
  ['kill', '--signal', 'CONT', 'old'],
  ['ports', 'old'],
];
const EARLIER = "The vmhost of VM 'old' is of an earlier nook";

/** The configuration of this version is unknown to an earlier one. */
const config = '';

describe('an upgrade of the daemon under running machines', () => {
  it('lists, enters, joins and stops those whose vmhost is of the version before', async () => {
    await using release = await Release.unpack();
    await using home = await Home.create({ config });
    await release.run(home, 'vm', 'run', '-d', '--name', 'old', ...SHAPE);
    const session = (await release.run(home, 'vm', 'exec', '-d', 'old', '--', 'sh', '-c', COUNT)).trim();
    const before = JSON.parse(await release.run(home, 'vm', 'show', 'old', '--json')) as Shown;
    await release.run(home, 'daemon', 'stop');

    expect(await home.json<Shown[]>('vm', 'list')).toMatchObject([{ name: 'old', state: 'running' }]);
    const after = await home.json<Shown>('vm', 'show', 'old');
    expect(after).toMatchObject({ vmhost_pid: before.vmhost_pid, qemu_pid: before.qemu_pid, came_up: 'cold' });
    expect(await home.ok('vm', 'exec', 'old', '--', 'echo', 'hello')).toBe('hello\n');
    const joined = await home.nook(['vm', 'attach', 'old', session]);
    expect(joined.code).toBe(7);
    expect(joined.stdout).toContain('12\n');
    for (const verb of LATER) {
      const { code, stderr } = await home.nook(['vm', ...verb]);
      expect({ verb, code, stderr }).toEqual({
        verb,
        code: expect.any(Number),
        stderr: expect.stringContaining(EARLIER),
      });
      expect(code).not.toBe(0);
      expect(stderr).toContain('nook vm restart old');
    }
    expect(await home.json('vm', 'stats', 'old')).toMatchObject([{ missing: expect.stringContaining(EARLIER) }]);
    expect(await home.json('vm', 'set', '--idle-timeout', '1h', 'old')).toMatchObject({
      restart_needed: ['idle_timeout'],
    });
    expect(await home.json<Shown>('vm', 'show', 'old')).toMatchObject({ state: 'running', qemu_pid: before.qemu_pid });
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'stop', 'old');
    expect(await home.json<Shown>('vm', 'show', 'old')).toMatchObject({ state: 'stopped' });
    await home.ok('vm', 'start', 'old');
    expect(await home.ok('vm', 'exec', 'old', '--', 'echo', 'again')).toBe('again\n');
  });

  it('does not interrupt a command that a client of the version before is attached to', async () => {
    await using release = await Release.unpack();
    await using home = await Home.create({ config });
    await release.run(home, 'vm', 'run', '-d', '--name', 'old', ...SHAPE);
    const [file, ...args] = release.command('vm', 'exec', 'old', '--', 'sh', '-c', COUNT) as [string, ...string[]];
    const client = spawn(file, args, { env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = outcome(client);
    await untilOutput(client, /^2$/m);
    await release.run(home, 'daemon', 'stop');
    expect(await home.json<Shown>('vm', 'show', 'old')).toMatchObject({ state: 'running' });
    const { code, stdout } = await ended;
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 1)));
    expect(code).toBe(7);
  });
});

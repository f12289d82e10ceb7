import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shown } from './harness/busybox-vm.ts';
import { Home } from './harness/home.ts';

/** An image's own init as PID 1. With systemd: tests/systemd.slow.test.ts. */
describe('nook vm run --init image', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create();
  });
  afterAll(() => home[Symbol.asyncDispose]());

  it('boots the init of an image and runs commands beside it', async () => {
    await home.ok('vm', 'run', '-d', '--image', 'busybox', '--init', 'image', '--name', 'own');
    const script = 'tr "\\0" " " </proc/1/cmdline; echo $$; hostname; cat /proc/self/oom_score_adj /proc/self/cgroup';
    const [init, pid, hostname, badness, cgroup] = (await home.ok('vm', 'exec', 'own', '--', 'sh', '-c', script))
      .replace(' ', '\n')
      .split('\n');
    expect({ init, hostname, badness, cgroup }).toEqual({
      // busybox calls itself so.
      init: 'init',
      hostname: 'own',
      badness: '0',
      cgroup: '0::/nook',
    });
    expect(Number(pid)).toBeGreaterThan(1);
    expect(await home.json<Shown>('vm', 'show', 'own')).toMatchObject({ state: 'running', init: 'image' });
  });

  it('powers off by that init, with its own last words, and starts again', async () => {
    await home.ok('vm', 'stop', 'own');
    expect(await home.json<Shown>('vm', 'show', 'own')).toMatchObject({ state: 'stopped', cause: 'stopped as asked' });
    expect(await home.ok('vm', 'logs', 'own')).toContain('Requesting system poweroff');
    await home.ok('vm', 'start', 'own');
    await home.ok('vm', 'exec', 'own', '--', 'true');
  });

  it('says so when the image has none, and leaves nothing behind', async () => {
    const { code, stderr } = await home.nook([
      'vm',
      'run',
      '--rm',
      '--init',
      'image',
      '--image',
      'debian-12',
      '--',
      'true',
    ]);
    expect(code).toBe(125);
    expect(stderr).toContain('the image has no init of its own (/sbin/init)');
    expect((await home.json<Shown[]>('vm', 'list')).map(({ name }) => name)).toEqual(['own']);
  });

  it('knows no other word', async () => {
    const { code, stderr } = await home.nook(['vm', 'run', '--init', 'systemd', '--', 'true']);
    expect({ code, stderr }).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('--init takes nook or image'),
    });
  });
});

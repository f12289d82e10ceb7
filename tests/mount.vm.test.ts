import { expect, it } from 'vitest';
import { Home } from './harness/home.ts';

/** The way that works, with another kernel: tests/mount.slow.test.ts. */
it("is refused with Debian's kernel for virtual machines, by its name and with the ways around it", async () => {
  await using home = await Home.create();
  await home.ok('kernel', 'pull');
  const flags = ['--image', 'busybox', '--mount', '.:/work'];
  const { code, stdout, stderr } = await home.nook(['vm', 'run', ...flags, '--', 'true']);
  expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
  expect(stderr).toMatch(/The kernel 6\.\S+-cloud-amd64 cannot mount folders of the host: it has no 9p/);
  expect(stderr).toMatch(/hint: .*nook vm cp.*--kernel debian/);
  expect(await home.json('vm', 'list')).toEqual([]);

  for (const [mount, words] of [
    ['here', 'takes HOST:GUEST'],
    ['.:work', 'takes HOST:GUEST'],
    ['.:/work:wo', 'takes HOST:GUEST'],
    ['/no/such/folder:/work', 'cannot be mounted: ENOENT'],
    ['.:/proc/x', 'Nothing can be mounted on'],
  ] as const) {
    const refused = await home.nook(['vm', 'run', '--image', 'busybox', '--mount', mount, '--', 'true']);
    expect(refused.stderr, mount).toContain(words);
  }
  expect(await home.json('vm', 'list')).toEqual([]);
});

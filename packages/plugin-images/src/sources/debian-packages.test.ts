import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';

test('packages that the archive has not, or that only others provide, are told before anything is built', async () => {
  await using dir = await tempDir();
  await using daemon = testDaemon(dir.path);
  const reference = 'debian:bookworm?packages=git,nosuch-package,mail-transport-agent';
  const stages: string[] = [];
  const pulled = daemon.call('image.pull', { reference }, undefined, (stage) => stages.push(stage));
  await expect(pulled).rejects.toMatchObject({
    code: 'bad_params',
    message: expect.stringMatching(
      /no installation candidate.*nosuch-package|nosuch-package.*no installation candidate/,
    ),
    hint: expect.stringContaining('bookworm'),
  });
  expect(stages).toContain('package index');
  expect(stages).not.toContain('debian');
  expect(await readdir(join(daemon.store, 'building'))).toEqual([]);
});

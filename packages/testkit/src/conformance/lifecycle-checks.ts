import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceCheck } from './check.ts';
import { subjectBox } from './subject-box.ts';

/** What holds when nothing goes wrong. */
export const lifecycleChecks: readonly ConformanceCheck[] = [
  {
    name: 'starts, serves and stops, and leaves nothing behind',
    async run(subject) {
      await using box = await subjectBox(subject);
      await box.start();
      const { plugins } = await box.engine.call('plugin.list', {});
      const shown = plugins.find(({ name }) => name === subject.plugin.name);
      // A plugin that has nothing to do here may say so.
      assert.ok(['ok', 'skipped'].includes(shown?.state ?? ''), `it is ${shown?.state}: ${shown?.reason}`);
    },
  },
  {
    name: 'starts again in the home of an earlier daemon',
    async run(subject) {
      const home = await mkdtemp(join(tmpdir(), 'nook-'));
      try {
        for (const _ of ['first', 'second']) {
          await using box = await subjectBox(subject, { home });
          await box.start();
        }
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  },
  {
    name: 'shares nothing with its double in another daemon of the process',
    async run(subject) {
      await using one = await subjectBox(subject);
      await using two = await subjectBox(subject);
      await Promise.all([one.start(), two.start()]);
      await one.stop();
      const { plugins } = await two.engine.call('plugin.list', {});
      const shown = plugins.find(({ name }) => name === subject.plugin.name);
      assert.ok(['ok', 'skipped'].includes(shown?.state ?? ''), `the other is ${shown?.state}: ${shown?.reason}`);
    },
  },
];

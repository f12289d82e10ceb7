import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ConformanceCheck } from './check.ts';
import { END_MS, subjectBox, within } from './subject-box.ts';

const EVENTS = 20_000;
/** More than what is garbage after a flood, less than the flood itself if it were kept: 1 KiB an event. */
const MAX_GROWTH_BYTES = 12 * 2 ** 20;

export const eventChecks: readonly ConformanceCheck[] = [
  {
    name: 'keeps serving, in bounded memory, when events come faster than it can take them',
    timeoutMs: 60_000,
    async run(subject) {
      await using box = await subjectBox(subject);
      await box.start();
      const { patterns } = box.of(subject.plugin.name);
      if (patterns.length === 0) return;
      const samples = subject.events ?? [];
      assert.ok(samples.length > 0, `it listens to ${patterns.join(', ')}: give 'events' in the options`);
      const before = heapUsed();
      for (let index = 0; index < EVENTS; index++) {
        const { topic, data } = samples[index % samples.length] as (typeof samples)[number];
        // Each with memory of its own, so that whoever keeps all of them is found out.
        const large = { ...(data as object), filler: new Array(128).fill(index) };
        box.events.publish(topic as never, large as never);
      }
      await within(END_MS, 'a ping during the flood', box.engine.call('ping', {}));
      const growth = heapUsed() - before;
      assert.ok(growth < MAX_GROWTH_BYTES, `${EVENTS} events of 1 KiB made the heap grow by ${growth} bytes`);
    },
  },
];

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

import assert from 'node:assert/strict';
import type { AnyPlugin } from '../any-plugin.ts';
import type { ConformanceCheck } from './check.ts';
import type { Subject } from './options.ts';
import { END_MS, failureOf, failuresIn, subjectBox, within } from './subject-box.ts';
import { companion, withHooks } from './vary.ts';

const aborted = () => AbortSignal.abort(new Error('the time is over'));

/** A start of the engine that is to fail with what the check itself threw, and with nothing else. */
async function startFails(subject: Subject, plugins: readonly AnyPlugin[], because: RegExp): Promise<void> {
  const others = subject.with ?? [];
  await using box = await subjectBox(subject, { plugins: [...plugins, ...others] });
  const error = await failureOf(within(2 * END_MS, 'the daemon', box.start()), 'the start was to fail');
  const failures = failuresIn(error);
  assert.match(failures[0]?.message ?? '', because);
  assert.deepEqual(
    failures.slice(1).map(({ message }) => message),
    [],
    'it failed on the way back',
  );
}

/** Hooks that are called at other times than usual. */
export const hookChecks: readonly ConformanceCheck[] = [
  {
    name: 'is stopped twice',
    async run(subject) {
      const plugin = withHooks(subject.plugin, ({ stop }) => ({
        async stop(signal) {
          await stop(signal);
          await stop(signal);
        },
      }));
      await using box = await subjectBox({ ...subject, plugin });
      await box.start();
    },
  },
  {
    name: 'is stopped without having been started',
    async run(subject) {
      const start = () => {
        throw new Error('its start was kept from it');
      };
      await startFails(subject, [withHooks(subject.plugin, () => ({ start }))], /kept from it/);
    },
  },
  {
    name: 'is disposed of without having been started or stopped, when the setup of another plugin throws',
    async run(subject) {
      const throwing = companion({}, () => {
        throw new Error('the other cannot be set up');
      });
      await startFails(subject, [subject.plugin, throwing], /the other cannot be set up/);
    },
  },
  {
    name: 'is stopped when another plugin throws in its start',
    async run(subject) {
      const start = () => {
        throw new Error('the other cannot start');
      };
      await startFails(subject, [subject.plugin, companion({ start })], /the other cannot start/);
    },
  },
  {
    name: 'is stopped when another plugin hangs in its start',
    async run(subject) {
      const start = () => new Promise<void>(() => {});
      await startFails(subject, [subject.plugin, companion({ start })], /'zzz-companion' did not start in/);
    },
  },
  {
    name: 'is stopped when another plugin is slow to stop',
    async run(subject) {
      let stopped = false;
      const plugin = withHooks(subject.plugin, ({ stop }) => ({
        async stop(signal) {
          await stop(signal);
          stopped = true;
        },
      }));
      const slow = companion({ stop: () => new Promise<void>(() => {}) });
      await using box = await subjectBox(subject, { plugins: [plugin, slow, ...(subject.with ?? [])] });
      await box.start();
      const error = await failureOf(box.stop(), 'the stop was to fail');
      assert.deepEqual(failuresIn(error).length, 1, error.message);
      assert.match(error.message, /'zzz-companion' did not stop in/);
      assert.equal(stopped, true);
    },
  },
  {
    name: 'ends a start whose signal was aborted before it began',
    async run(subject) {
      const plugin = withHooks(subject.plugin, ({ start }) => ({
        async start() {
          // Whether it starts or refuses, it comes to an end.
          await within(
            END_MS,
            'its start',
            Promise.resolve(start(aborted())).catch(() => {}),
          );
          throw new Error('the start was aborted');
        },
      }));
      await startFails(subject, [plugin], /the start was aborted/);
    },
  },
  {
    name: 'is undone when the daemon is stopped while it starts',
    async run(subject) {
      const begun = Promise.withResolvers<void>();
      const plugin = withHooks(subject.plugin, ({ start }) => ({
        start(signal) {
          begun.resolve();
          return start(signal);
        },
      }));
      await using box = await subjectBox({ ...subject, plugin });
      const starting = box.start().catch((error: Error) => {
        for (const { message } of failuresIn(error)) assert.match(message, /stopped while it started|failed to start/);
      });
      await begun.promise;
      await within(2 * END_MS, 'the daemon', box.stop());
      await starting;
    },
  },
  {
    name: 'ends a stop whose signal is aborted',
    async run(subject) {
      const plugin = withHooks(subject.plugin, ({ stop }) => ({
        stop: () =>
          within(
            END_MS,
            'its stop',
            Promise.resolve(stop(aborted())).catch(() => {}),
          ),
      }));
      await using box = await subjectBox({ ...subject, plugin });
      await box.start();
    },
  },
];

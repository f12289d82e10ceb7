import assert from 'node:assert/strict';
import { isNookError, NookError } from '@nook/daemonapi';
import type { AnyPlugin } from '../any-plugin.ts';
import type { ConformanceCheck } from './check.ts';
import type { Subject } from './options.ts';
import { END_MS, failureOf, failuresIn, subjectBox, within } from './subject-box.ts';
import { withHooks, withNeeds } from './vary.ts';

/** Starts and stops a daemon in which what the plugin needs does not serve. It may refuse to start, and must say why. */
async function startOrRefusal(subject: Subject, plugin: AnyPlugin): Promise<void> {
  await using box = await subjectBox({ ...subject, plugin });
  try {
    await within(2 * END_MS, 'the daemon', box.start());
  } catch (error) {
    const failures = failuresIn(error as Error);
    assert.ok(isNookError(error) && error.message.includes(`'${plugin.name}'`), String(error));
    assert.equal(failures.length, 1, `it failed on the way back: ${failures[1]?.message}`);
  }
}

async function needsOf(subject: Subject): Promise<readonly { capability: string; required: boolean }[]> {
  await using box = await subjectBox(subject);
  await box.start();
  return box.of(subject.plugin.name).needs;
}

/** Capabilities that are not there, throw or never answer. */
export const needChecks: readonly ConformanceCheck[] = [
  {
    name: 'is refused when a capability that it needs is missing, and starts without one that it only wants',
    async run(subject) {
      const needs = await needsOf(subject);
      const required = needs.filter((need) => need.required).map(({ capability }) => capability);
      let started = false;
      const plugin = withHooks(subject.plugin, ({ start }) => ({
        start(signal) {
          started = true;
          return start(signal);
        },
      }));
      await using box = await subjectBox(
        { ...subject, plugin },
        { plugins: [plugin], fakes: {}, config: own(subject) },
      );
      if (required.length === 0) return await box.start();
      const error = await failureOf(box.start(), `without ${required.join(' and ')} the start was to fail`);
      for (const capability of required) {
        assert.ok(error.message.includes(`Plugin '${plugin.name}' needs '${capability}'`), error.message);
      }
      assert.equal(started, false, 'it was started all the same');
    },
  },
  {
    name: 'starts or says why not when what it needs throws',
    run: (subject) =>
      startOrRefusal(
        subject,
        withNeeds(subject.plugin, (capability) => {
          throw new NookError('unavailable', `The capability '${capability}' does not serve today.`);
        }),
      ),
  },
  {
    name: 'is given up and undone when what it needs never answers',
    run: (subject) =>
      startOrRefusal(subject, {
        ...withNeeds(subject.plugin, (_capability, _method, call) => {
          const answer = call();
          if (!(answer instanceof Promise)) return answer;
          answer.catch(() => {});
          return new Promise(() => {});
        }),
        deadlines: { ...subject.plugin.deadlines, start: 500 },
      }),
  },
];

/** The part of the config that is left when the other plugins are. */
function own({ config = {}, plugin }: Subject): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const section = config[plugin.name];
  return section === undefined ? {} : { [plugin.name]: section };
}

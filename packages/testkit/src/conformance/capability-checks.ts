import assert from 'node:assert/strict';
import { isNookError } from '@nook/daemonapi';
import type { ConformanceCheck } from './check.ts';
import { END_MS, subjectBox, within } from './subject-box.ts';
import { withHooks } from './vary.ts';

type Call = (capability: object) => unknown;

export const capabilityChecks: readonly ConformanceCheck[] = [
  {
    name: 'serves every capability between setup and start, and until the end of stop',
    async run(subject) {
      const calls = (subject.calls ?? {}) as Readonly<Record<string, Call>>;
      const callAll = async (when: string) => {
        for (const [name, capability] of box.of(subject.plugin.name).provided) {
          const call = calls[name];
          assert.ok(call !== undefined, `it provides '${name}': give a call of it under 'calls' in the options`);
          const what = `a call of '${name}' ${when}`;
          try {
            await within(END_MS, what, Promise.resolve(call(capability)));
          } catch (error) {
            // A refusal is an answer. What waits for its own start says that it is unavailable, or says nothing.
            assert.ok(isNookError(error) && error.code !== 'unavailable', `${what} failed: ${error}`);
          }
        }
      };
      const plugin = withHooks(subject.plugin, ({ start, stop }) => ({
        async start(signal) {
          await callAll('before its start');
          return start(signal);
        },
        async stop(signal) {
          await callAll('before its stop');
          return stop(signal);
        },
      }));
      await using box = await subjectBox({ ...subject, plugin });
      await box.start();
    },
  },
];

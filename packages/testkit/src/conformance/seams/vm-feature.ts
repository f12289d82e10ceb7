import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { type FeatureGuest, isNookError, NookError, type VmFeature } from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import { END_MS, subjectBox, within } from '../subject-box.ts';
import { withHooks } from '../vary.ts';
import { examineFinding } from './doctor-check.ts';
import { featuresOf, onStage, withStages } from './feature-stage.ts';

const NAME = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/;
const HOOKS = ['preflight', 'prepareHost', 'machine', 'postStart', 'cleanup', 'applyChange', 'doctor'];
const FIELDS = ['name', 'schema', 'takesPart', 'deadlines', ...HOOKS];
const SERIAL = /^[A-Za-z0-9._-]{1,20}$/;
const KERNEL_WORD = /^[\x21\x23-\x26\x28-\x7e]+$/;

/** What a request may hold where nobody looked: of every JSON type, and too much of each. */
const GARBAGE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1e308, '', ' ', '\0', '../../etc', 'x'.repeat(100_000), [], {}, [[[[]]]], [null]],
  { name: null },
  { path: '\0', text: {}, url: [], size: -1 },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}'),
];

const aborted = () => AbortSignal.abort(new NookError('cancelled', 'the time is over'));

/** Whether it answers or refuses, it comes to an end. */
async function ends(what: string, work: () => unknown): Promise<void> {
  const run = (async () => work())().catch(() => {});
  await within(END_MS, what, run);
}

async function refusal(what: string, work: () => unknown): Promise<void> {
  try {
    await within(END_MS, what, (async () => work())());
  } catch (error) {
    assert.ok(isNookError(error), `${what} failed with ${error}, which is no refusal`);
  }
}

function examineMachine({ name }: VmFeature, answer: unknown): void {
  const shown = `machine of '${name}' answers ${JSON.stringify(answer)}`;
  assert.ok(typeof answer === 'object' && answer !== null && !('then' in answer), `${shown}, which is no plain data`);
  const { kernel_args = [], drives = [], ...others } = answer as Record<string, readonly unknown[]>;
  assert.deepEqual(Object.keys(others), [], `${shown}, of which nobody knows ${Object.keys(others)}`);
  for (const word of kernel_args) assert.ok(typeof word === 'string' && KERNEL_WORD.test(word), `${shown}: ${word}`);
  for (const drive of drives as readonly Record<string, unknown>[]) {
    const { path, format, read_only, serial, ...more } = drive;
    assert.deepEqual(Object.keys(more), [], `${shown}, of which nobody knows ${Object.keys(more)}`);
    assert.ok(typeof path === 'string' && isAbsolute(path), `${shown}: '${path}' is not an absolute path`);
    assert.ok(format === 'raw' || format === 'qcow2', `${shown}: '${format}' is not a format`);
    assert.equal(typeof read_only, 'boolean', `${shown}: a drive says whether it is read_only`);
    assert.match(String(serial), SERIAL, shown);
  }
}

/** A guest in which nothing works. */
const GUESTS: Readonly<Record<string, FeatureGuest>> = {
  'whose commands fail': { exec: async () => ({ exit_code: 1, stdout: '', stderr: 'no such thing' }) },
  'that has none of its programs': { exec: async () => ({ exit_code: 127, stdout: '', stderr: '' }) },
  'that is gone': { exec: () => Promise.reject(new NookError('operation_failed', 'The VM ended.')) },
};

/** What holds for every `vm.feature`. */
export const vmFeatureSeam: readonly ConformanceCheck[] = [
  {
    name: 'vm.feature: has labels as names, each once, and no hook that nobody calls',
    async run(subject) {
      await using box = await subjectBox(subject);
      await box.start();
      const features = featuresOf(box, subject.plugin.name);
      for (const feature of features) {
        assert.match(feature.name, NAME);
        assert.ok(feature.name.length <= 63, `'${feature.name}' is longer than 63 characters`);
        const unknown = Object.keys(feature).filter((key) => !FIELDS.includes(key));
        assert.deepEqual(unknown, [], `nobody knows ${unknown} of feature '${feature.name}'`);
        for (const [hook, ms] of Object.entries(feature.deadlines ?? {})) {
          assert.ok(HOOKS.includes(hook) && ms > 0, `'${feature.name}' gives ${hook} ${ms} ms`);
        }
      }
      const names = features.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, `twice: ${names.join(', ')}`);
    },
  },
  {
    name: 'vm.feature: refuses garbage with an error of the closed set',
    run: (subject) =>
      onStage(subject, async ({ feature, signal }) => {
        const request = { name: 'conformance', image: 'busybox', vcpus: 1, memory_bytes: 256 * 1024 ** 2 };
        for (const garbage of GARBAGE) {
          const shown = `'${feature.name}' with ${JSON.stringify(garbage).slice(0, 80)}`;
          const checked = await feature.schema?.['~standard'].validate(garbage);
          if (checked === undefined || checked.issues !== undefined) continue;
          await refusal(`preflight of ${shown}`, () =>
            feature.preflight?.({ ...request, part: checked.value }, signal),
          );
        }
        assert.equal(Reflect.get({}, 'polluted'), undefined, `'${feature.name}' let a request change every object`);
      }),
  },
  {
    name: 'vm.feature: cleans up without anything before it, twice, and before a removal',
    run: (subject) =>
      onStage(subject, async (stage) => {
        const before = await stage.files();
        for (const state of ['off', 'off', 'removing'] as const) await stage.cleanup(state);
        await stage.prepareHost();
        for (const state of ['off', 'off', 'removing', 'removing'] as const) await stage.cleanup(state);
        await stage.leavesNothing(before);
      }),
  },
  {
    name: 'vm.feature: answers plain data for the machine, the same each time, and reads or writes nothing',
    run: (subject) =>
      onStage(subject, async (stage) => {
        const { feature } = stage;
        if (feature.machine === undefined) return;
        await stage.prepareHost();
        const before = await stage.files();
        const answers = [1, 2].map(() => stage.run(() => feature.machine?.(stage.vm('starting'))));
        examineMachine(feature, answers[0]);
        assert.deepEqual(answers[1], answers[0], `machine of '${feature.name}' answers something else each time`);
        assert.deepEqual(await stage.files(), before, `machine of '${feature.name}' writes`);
        for (const { path } of answers[0]?.drives ?? []) {
          const found = await stat(path).catch(() => undefined);
          assert.ok(found?.isFile(), `'${feature.name}' adds the drive ${path}, which prepareHost did not make`);
        }
        await stage.cleanup();
      }),
  },
  {
    name: 'vm.feature: leaves nothing behind when it has prepared, started and cleaned up',
    run: (subject) =>
      onStage(subject, async (stage) => {
        const before = await stage.files();
        await stage.prepareHost();
        await stage.postStart();
        await stage.cleanup();
        await stage.leavesNothing(before);
        await stage.prepareHost();
        await stage.cleanup('removing');
        await stage.leavesNothing(before);
      }),
  },
  {
    name: 'vm.feature: fails in words, and leaves nothing behind, in a guest where nothing works',
    timeoutMs: 60_000,
    run: (subject) =>
      onStage(subject, async (stage) => {
        const before = await stage.files();
        for (const [what, guest] of Object.entries(GUESTS)) {
          await stage.prepareHost();
          await refusal(`postStart of '${stage.feature.name}' in a guest ${what}`, () => stage.postStart(guest));
          await stage.cleanup();
          await stage.leavesNothing(before);
        }
      }),
  },
  {
    name: 'vm.feature: ends every hook whose signal is aborted',
    timeoutMs: 120_000,
    run: (subject) =>
      onStage(subject, async (stage) => {
        const { feature, part, guest } = stage;
        const request = { name: 'conformance', image: 'busybox', vcpus: 1, memory_bytes: 256 * 1024 ** 2, part };
        const of = (hook: string) => `${hook} of '${feature.name}' with an aborted signal`;
        await ends(of('preflight'), () => feature.preflight?.(request, aborted()));
        await ends(of('prepareHost'), () => stage.prepareHost(aborted()));
        await ends(of('postStart'), () => stage.postStart({ exec: () => Promise.reject(aborted().reason) }, aborted()));
        await ends(of('applyChange'), () =>
          feature.applyChange?.(stage.vm('running'), { kind: 'part', part, guest }, aborted()),
        );
        await ends(of('doctor'), () => feature.doctor?.(stage.vm('off'), aborted()));
        await ends(of('cleanup'), () => stage.cleanup('off', aborted()));
        await stage.cleanup();
      }),
  },
  {
    name: 'vm.feature: serves before the start of its plugin',
    async run(subject) {
      const plugin = withHooks(subject.plugin, ({ start }) => ({
        async start(signal) {
          await withStages(subject, box, async (stage) => {
            const { name } = stage.feature;
            await within(END_MS, `prepareHost of '${name}' before the start`, stage.prepareHost());
            await within(END_MS, `cleanup of '${name}' before the start`, stage.cleanup());
          });
          return start(signal);
        },
      }));
      await using box = await subjectBox({ ...subject, plugin });
      await box.start();
    },
  },
  {
    name: 'vm.feature: takes its own part as a change, and refuses changes that it does not know',
    run: (subject) =>
      onStage(subject, async (stage) => {
        const { feature, part, guest, signal } = stage;
        if (feature.applyChange === undefined) return;
        await stage.prepareHost();
        const vm = stage.vm('running');
        await refusal(`a change of '${feature.name}'`, () =>
          feature.applyChange?.(vm, { kind: 'part', part, guest }, signal),
        );
        const unknown = { kind: 'conformance', guest } as never;
        const refused = await refusedWith(() => feature.applyChange?.(vm, unknown, signal));
        assert.ok(refused, `'${feature.name}' takes a change of a kind that it cannot know`);
        await stage.cleanup();
      }),
  },
  {
    name: 'vm.feature: says what it finds of a VM, and changes nothing',
    run: (subject) =>
      onStage(subject, async (stage) => {
        const { feature, signal } = stage;
        await stage.prepareHost();
        const before = await stage.files();
        for (const state of ['starting', 'running', 'off'] as const) {
          const found = await within(END_MS, `doctor of '${feature.name}'`, feature.doctor?.(stage.vm(state), signal));
          for (const finding of found ?? []) examineFinding(feature.name, finding);
        }
        assert.deepEqual(await stage.files(), before, `doctor of '${feature.name}' changes files`);
        await stage.cleanup();
      }),
  },
];

async function refusedWith(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    return isNookError(error);
  }
}

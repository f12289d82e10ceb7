import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { Box } from '../../box.ts';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, subjectBox, within } from '../subject-box.ts';

const NAME = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/;

/** Runs `examine` with the doctor checks that the plugin contributes, in a daemon that has started. */
async function withChecks(
  subject: Subject,
  examine: (checks: readonly DoctorCheck[], box: Box) => Promise<void>,
): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const { contributed } = box.of(subject.plugin.name);
  const checks = contributed.filter(({ point }) => point === 'doctor.check').map(({ value }) => value as DoctorCheck);
  await examine(checks, box);
}

export function examineFinding(check: string, finding: DoctorFinding): void {
  const { status, item, evidence, repair } = finding;
  const shown = `${check}: ${JSON.stringify(finding)}`;
  assert.ok(['ok', 'warning', 'error'].includes(status), `${shown} has an unknown status`);
  assert.ok(item !== '' && evidence !== '', `${shown} does not say what was looked at, or what was seen`);
  if (status === 'ok') assert.equal(repair, undefined, `${shown} repairs what is in order`);
  else assert.ok(repair, `${shown} does not say what to do about it`);
}

/** What holds for every `doctor.check`. */
export const doctorCheckSeam: readonly ConformanceCheck[] = [
  {
    name: 'doctor.check: has dotted names, each once',
    run: (subject) =>
      withChecks(subject, async (checks) => {
        const names = checks.map(({ name }) => name);
        for (const name of names) assert.match(name, NAME);
        assert.equal(new Set(names).size, names.length, `twice: ${names.join(', ')}`);
      }),
  },
  {
    name: 'doctor.check: says what was seen, and what to do where something is wrong',
    timeoutMs: 90_000,
    run: (subject) =>
      withChecks(subject, async (checks) => {
        const signal = AbortSignal.timeout(60_000);
        for (const check of checks) for (const found of await check.run(signal)) examineFinding(check.name, found);
      }),
  },
  {
    name: 'doctor.check: changes nothing in the home',
    timeoutMs: 90_000,
    run: (subject) =>
      withChecks(subject, async (checks, box) => {
        const files = async () => (await readdir(box.home, { recursive: true })).sort();
        const before = await files();
        for (const check of checks) await check.run(AbortSignal.timeout(60_000));
        assert.deepEqual(await files(), before);
      }),
  },
  {
    name: 'doctor.check: ends when its time is over',
    run: (subject) =>
      withChecks(subject, async (checks) => {
        for (const check of checks) {
          const run = Promise.resolve(check.run(AbortSignal.abort(new Error('no time')))).catch(() => {});
          await within(END_MS, `'${check.name}' with an aborted signal`, run);
        }
      }),
  },
];

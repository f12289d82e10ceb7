import type { FeatureGuest, FeatureVm, GuestCommand } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import type { FileSync } from '../config.ts';
import { fileSyncCheck, fileSyncFeature } from './feature.ts';

const file: FileSync = { source: '/etc/hostname', target: '/etc/name', mode: '0644', owner: 'app:app' };
const absent: FileSync = { ...file, source: '/nonexistent/token' };
const signal = new AbortController().signal;
const say = () => {};

/** What a start tells the log, and asks of its guest. */
async function startWith(files: readonly FileSync[], exitCode: number) {
  const [told, asked]: [object[], GuestCommand[]] = [[], []];
  const log = {
    trace: say,
    debug: say,
    info: say,
    error: say,
    warn: (facts: object | string) => void told.push(Object(facts)),
  };
  const guest: FeatureGuest = {
    exec: (command) => {
      asked.push(command);
      return Promise.resolve({ exit_code: exitCode, stdout: '', stderr: 'no such user\n' });
    },
  };
  const feature = fileSyncFeature({ files: () => files, home: '/root', log });
  await feature.postStart?.({ name: 'web' } as FeatureVm, guest, signal);
  return { feature, told, asked };
}

test('takes part in what is made while there are files', async () => {
  expect((await startWith([file], 0)).feature.takesPart).toBe('always');
  expect((await startWith([], 0)).feature.takesPart).toBe('asked');
});

test('gives the file on standard input, and its bytes to no command line', async () => {
  const { asked, told } = await startWith([file], 0);
  expect(asked.map(({ argv }) => argv.slice(3))).toEqual([['nook', '/etc/name', '0644', 'app:app']]);
  expect(asked[0]?.stdin?.length).toBeGreaterThan(0);
  expect(told).toEqual([]);
});

test('a file that is missing, or refused, is told and keeps no VM from starting', async () => {
  const { told, asked } = await startWith([absent, file], 1);
  expect(asked).toHaveLength(1);
  expect(told).toEqual([
    { vm: 'web', file: absent.source, why: 'it is not there' },
    { vm: 'web', file: file.source, why: 'the guest did not take it: no such user' },
  ]);
  expect(await fileSyncCheck({ files: () => [file, absent], home: '/root' }).run(signal)).toMatchObject([
    { status: 'ok', item: file.source, evidence: 'goes to /etc/name' },
    { status: 'warning', item: absent.source, evidence: 'no VM gets it: it is not there' },
  ]);
});

import { describe, expect, it } from 'vitest';
import { type EndEvidence, endOf } from './end-cause.ts';

const left = { code: 0, signal: null, stderr: '' };
const quiet: EndEvidence = {
  exit: left,
  driver: 'QEMU',
  asked: false,
  failure: undefined,
  console: [],
  everReady: true,
};

describe('the end of a machine', () => {
  it.each([
    ['asked for', { asked: true }, { state: 'stopped', cause: 'stopped as asked', ended_by: 'asked' }],
    [
      'for a limit of its own',
      { asked: true, limit: 'it was idle for 30 m' },
      { state: 'stopped', cause: 'it was idle for 30 m', ended_by: 'limit' },
    ],
    ['by the guest', { exit: { ...left, guest: 'poweroff' } }, { state: 'stopped', cause: 'the guest powered off' }],
    [
      'for want of memory',
      { exit: { code: null, signal: 'SIGKILL', stderr: '' }, starved: 'the host ran out of memory' },
      { state: 'failed', cause: 'QEMU was killed: the host ran out of memory', signal: 'SIGKILL' },
    ],
    [
      'for want of memory, while it was ended anyway',
      { asked: true, exit: { code: null, signal: 'SIGKILL', stderr: '' }, starved: 'the host ran out of memory' },
      { state: 'stopped', cause: 'stopped as asked', ended_by: 'asked', signal: 'SIGKILL' },
    ],
    ['by a reboot', { exit: { ...left, guest: 'reboot' } }, { state: 'stopped', cause: 'the guest rebooted' }],
    [
      'by a panic',
      { exit: { ...left, guest: 'reboot' }, console: ['x', 'Kernel panic - not syncing: no init'] },
      { state: 'failed', cause: "the guest's kernel panicked: Kernel panic - not syncing: no init" },
    ],
    [
      'by a panic that only the driver saw',
      { exit: { ...left, guest: 'panic' } },
      { state: 'failed', cause: "the guest's kernel panicked" },
    ],
    [
      'before it was ready',
      { exit: { ...left, guest: 'poweroff' }, everReady: false },
      { state: 'failed', cause: 'the guest powered off before it was ready' },
    ],
    [
      'by a signal',
      { exit: { code: null, signal: 'SIGKILL', stderr: '' } },
      { state: 'failed', cause: 'QEMU was killed by SIGKILL' },
    ],
    [
      'with an error',
      { exit: { code: 1, signal: null, stderr: 'warning\nno such machine' } },
      { state: 'failed', cause: 'QEMU exited with code 1: no such machine' },
    ],
    [
      'by a signal that was asked for',
      { exit: { code: null, signal: 'SIGABRT', stderr: '' }, signalled: 'SIGABRT' },
      { state: 'stopped', cause: 'ended by SIGABRT as asked', ended_by: 'signal' },
    ],
    [
      'in order by a signal that was asked for',
      { exit: left, signalled: 'SIGTERM' },
      { state: 'stopped', cause: 'ended by SIGTERM as asked', ended_by: 'signal' },
    ],
    [
      'by another signal than was asked for',
      { exit: { code: null, signal: 'SIGKILL', stderr: '' }, signalled: 'SIGCONT' },
      { state: 'failed', cause: 'QEMU was killed by SIGKILL' },
    ],
    [
      'by the guest, after a signal that did not end it',
      { exit: { ...left, guest: 'poweroff' }, signalled: 'SIGCONT' },
      { state: 'stopped', cause: 'the guest powered off' },
    ],
    ['for a known reason', { asked: true, failure: 'it was late' }, { state: 'failed', cause: 'it was late' }],
  ] as const)('%s', (_name, seen, expected) => {
    expect(endOf({ ...quiet, ...seen } as EndEvidence)).toMatchObject(expected);
  });
});

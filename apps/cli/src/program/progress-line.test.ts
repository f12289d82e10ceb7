import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { formatProgress } from './format-progress.ts';
import { createOutput } from './output.ts';
import { ProgressLine } from './progress-line.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const terminal = (isTTY: boolean, columns = 40) => Object.assign(new PassThrough(), { isTTY, columns });
const written = (stream: PassThrough) => String(stream.read() ?? '');

test.each([
  [{ stage: 'boot' }, 1234, 'boot  1.2 s'],
  [{ stage: 'download', done: 0, total: 84_410_368, unit: 'bytes' }, 0, 'download  0.0 of 80.5 MiB  0.0 s'],
  [{ stage: 'download', done: 3_145_728, unit: 'bytes' }, 61_500, 'download  3.0 MiB  1 min 1 s'],
  [{ stage: 'unpack', done: 3, total: 9, unit: 'files', message: 'etc' }, 500, 'unpack  3 of 9 files  0.5 s  etc'],
  [{ stage: 'wait', done: 2 }, 500, 'wait  2  0.5 s'],
  [{ stage: 'boot', usual_ms: 1_240, message: 'kernel' }, 800, 'boot  0.8 s (usually 1.2 s)  kernel'],
  [{ stage: 'disk', usual_ms: 30 }, 0, 'disk  0.0 s'],
])('%j', (progress, ms, text) => {
  expect(formatProgress(progress, ms)).toBe(text);
});

test('the line is drawn in place, counts the time of each stage, and is gone at the end', () => {
  const stream = terminal(true);
  const line = new ProgressLine(stream, () => Date.now());
  line.update({ stage: 'download' });
  expect(written(stream)).toBe('\rdownload  0.0 s\x1b[K');
  vi.advanceTimersByTime(100);
  expect(written(stream)).toBe('\rdownload  0.1 s\x1b[K');
  line.update({ stage: 'boot' });
  vi.advanceTimersByTime(100);
  expect(written(stream)).toBe('\rboot  0.1 s\x1b[K');
  line.end();
  expect(written(stream)).toBe('\r\x1b[K');
  vi.advanceTimersByTime(1000);
  expect(written(stream)).toBe('');
});

test('it makes way for what is printed and never wraps', () => {
  const stderr = terminal(true, 10);
  const line = new ProgressLine(stderr, () => Date.now());
  line.update({ stage: 'a very long stage' });
  expect(written(stderr)).toBe('\ra very lo\x1b[K');
  createOutput({ stdout: terminal(true), stderr }, line).note('hello');
  expect(written(stderr)).toBe('\r\x1b[Khello\n');
  line.end();
});

test('without a terminal a short command is silent, and a long one tells each stage once', () => {
  const stream = terminal(false);
  const line = new ProgressLine(stream, () => Date.now());
  line.update({ stage: 'boot' });
  vi.advanceTimersByTime(1000);
  line.update({ stage: 'exec' });
  expect(written(stream)).toBe('');
  vi.advanceTimersByTime(11_000);
  line.update({ stage: 'unpack', done: 1 });
  line.update({ stage: 'unpack', done: 2 });
  line.update({ stage: 'publish' });
  line.end();
  expect(written(stream)).toBe('nook: [ 12 s] unpack\nnook: [ 12 s] publish\n');
});

test('a table is aligned the same everywhere', () => {
  const stdout = terminal(false);
  const out = createOutput({ stdout, stderr: terminal(false) }, new ProgressLine(terminal(false)));
  out.table(
    ['NAME', 'STATE'],
    [
      ['a-long-name', 'running'],
      ['b', ''],
    ],
  );
  expect(written(stdout)).toBe('NAME         STATE\na-long-name  running\nb\n');
});

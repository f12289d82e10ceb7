import { expect, it } from 'vitest';
import { logPlace } from './log-source.ts';

const lines = [
  '{"level":"info","vm":"web","msg":"of a vmhost that did not write its boot"}',
  '{"level":"info","vm":"web","boot":1,"msg":"first"}',
  '{"level":"warn","vm":"web","boot":12,"machine_stderr":"qemu: twelfth","msg":"the machine says"}',
  '{"level":"warn","vm":"web","boot":1,"machine_stderr":"qemu: first","msg":"the machine says"}',
];

it.each([
  ['vmhost', 1, [0, 1, 3]],
  ['vmhost', 12, [0, 2]],
  ['qemu', 1, [3]],
  ['qemu', 12, [2]],
] as const)('the %s log of boot %i', (source, boot, held) => {
  const { path, holds } = logPlace('/vms/id', source, boot);
  expect(path).toBe('/vms/id/vmhost.log');
  expect(lines.flatMap((line, index) => (holds?.(line) ? [index] : []))).toEqual(held);
});

it('the console has a file for each boot', () => {
  expect(logPlace('/vms/id', 'console', 3)).toEqual({ path: '/vms/id/console-3.log' });
});

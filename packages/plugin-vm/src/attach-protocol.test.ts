import { expect, it } from 'vitest';
import { exitCode } from './attach-protocol.ts';

it.each([
  [{ code: 7 }, 7],
  [{ signal: 9 }, 137],
  [{ errno: 2, stage: 'exec', message: '' }, 127],
  [{ errno: 13, stage: 'exec', message: '' }, 126],
  [{ errno: 2, stage: 'cwd', message: '' }, 125],
  [{ lost: 'the VM ended' }, 125],
])('the exit code of %j is %i', (end, code) => {
  expect(exitCode(end)).toBe(code);
});

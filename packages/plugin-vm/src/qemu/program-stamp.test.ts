import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { programStamp } from './program-stamp.ts';

it('a program has the same stamp until it is replaced, and a missing or unusable one is unavailable', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'stamp-'));
  const program = join(dir, 'qemu');
  const unavailable = expect.objectContaining({ code: 'unavailable' });
  expect(() => programStamp(program)).toThrow(unavailable);
  expect(() => programStamp('no-such-program')).toThrow(unavailable);
  await writeFile(program, 'one', { mode: 0o600 });
  expect(() => programStamp(program)).toThrow(unavailable);
  await chmod(program, 0o700);
  const stamp = programStamp(program);
  expect(programStamp(program)).toBe(stamp);
  await writeFile(program, 'another');
  expect(programStamp(program)).not.toBe(stamp);
  expect(programStamp('sh')).toMatch(/\/sh:\d+:\d+:/);
  await rm(dir, { recursive: true });
});

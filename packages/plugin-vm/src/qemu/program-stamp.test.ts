import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { programStamp } from './program-stamp.ts';

it('a program has the same stamp until it is replaced, and a missing or unusable one is unavailable', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'stamp-'));
  const program = join(dir, 'qemu');
  const unavailable = expect.objectContaining({ code: 'unavailable' });
  await expect(programStamp(program)).rejects.toEqual(unavailable);
  await expect(programStamp('no-such-program')).rejects.toEqual(unavailable);
  await writeFile(program, 'one', { mode: 0o600 });
  await expect(programStamp(program)).rejects.toEqual(unavailable);
  await chmod(program, 0o700);
  const stamp = await programStamp(program);
  expect(await programStamp(program)).toBe(stamp);
  await writeFile(program, 'another');
  expect(await programStamp(program)).not.toBe(stamp);
  expect(await programStamp('sh')).toMatch(/\/sh:\d+:\d+:/);
  await rm(dir, { recursive: true });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFile } from './lock-file.ts';
import { tempDir } from './temp-dir.fixture.ts';

test('one holder at a time, until it lets go', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'l');
  const first = await lockFile(path, { waitMs: 0 });
  expect(first).toBeDefined();
  expect(await lockFile(path, { waitMs: 0 })).toBeUndefined();
  const waiting = lockFile(path, { waitMs: 10_000 });
  await first?.release();
  const second = await waiting;
  expect(second).toBeDefined();
  await second?.release();
});

test('a wait ends with its time or its signal', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'l');
  const lock = await lockFile(path, { waitMs: 0 });
  expect(await lockFile(path, { waitMs: 50 })).toBeUndefined();
  expect(await lockFile(path, { waitMs: 60_000, signal: AbortSignal.timeout(50) })).toBeUndefined();
  await lock?.release();
});

test('a lock that nobody refers to is held until its process is killed', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'l');
  const module = join(import.meta.dirname, 'lock-file.ts');
  const script = `const { lockFile } = await import(${JSON.stringify(module)});
    await lockFile(${JSON.stringify(path)}, { waitMs: 0 }); gc(); setImmediate(() => { gc(); console.log('held'); });
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(await lockFile(path, { waitMs: 0 })).toBeUndefined();
  child.kill('SIGKILL');
  const lock = await lockFile(path, { waitMs: 10_000 });
  expect(lock).toBeDefined();
  await lock?.release();
});

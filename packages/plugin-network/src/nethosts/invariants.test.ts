import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { networkInvariants } from './invariants.ts';

let dir: string;
const decoys: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-nets-'));
});
afterEach(async () => {
  for (const decoy of decoys.splice(0)) decoy.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

const signal = new AbortController().signal;
const check = () =>
  networkInvariants({
    dir,
    networks: () => [{ id: 'known', name: 'back' }],
    remove: (id) => rm(join(dir, id), { recursive: true, force: true }),
  });

/** What a nethost of this folder looks like from outside. */
async function decoy(folder: string): Promise<ChildProcess> {
  const idle = "setInterval(() => {}, 1e9); console.log('up')";
  const child = spawn(process.execPath, ['-e', idle, 'nethost.mjs', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
  decoys.push(child);
  await once(child.stdout, 'data');
  return child;
}

it('finds folders and nethosts of no network, ends and removes them, and leaves those of networks', async () => {
  for (const id of ['known', 'stray']) await mkdir(join(dir, id));
  const kept = await decoy(join(dir, 'known'));
  const ended = [await decoy(join(dir, 'stray')), await decoy(join(dir, 'gone'))];
  const exits = ended.map((child) => once(child, 'exit'));
  const found = await check().run(signal);
  expect(found.map(({ status, item }) => [status, item])).toEqual([
    ['error', 'folder stray'],
    ['error', `nethost ${ended[1]?.pid}`],
  ]);
  expect(found[0]?.evidence).toContain(String(ended[0]?.pid));
  expect(await readdir(dir)).toHaveLength(2);
  expect((await check().fix?.(signal))?.map(({ status, fixed }) => [status, fixed])).toEqual([
    ['ok', 'ended and removed'],
    ['ok', 'ended and removed'],
  ]);
  await Promise.all(exits);
  expect(await readdir(dir)).toEqual(['known']);
  expect(kept.exitCode ?? kept.signalCode).toBeNull();
  expect(await check().run(signal)).toMatchObject([{ status: 'ok', evidence: expect.stringContaining('1 nethosts') }]);
});

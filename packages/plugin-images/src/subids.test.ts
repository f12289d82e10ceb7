import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { subidsCheck } from './subids.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-subids-'));
});
afterEach(() => rm(dir, { recursive: true }));

const look = async (text: string, uid = 1000) => {
  const file = join(dir, 'subgid');
  await writeFile(file, text);
  return subidsCheck({ files: [file], user: { username: 'alice', uid } }).run(new AbortController().signal);
};

it.each([
  ['', 0],
  ['bob:100000:65536\n', 0],
  ['alice:100000:1000\n', 1000],
  ['alice:100000:many\n', 0],
])('finds %j to be too little, and says what to type', async (text, ids) => {
  expect(await look(text)).toMatchObject([
    {
      status: 'error',
      evidence: `${ids} ids for alice, images need 65536`,
      repair: expect.stringContaining('--add-subgids'),
    },
  ]);
});

it.each(['alice:100000:65536\n', '1000:100000:65536\n'])('finds %j to be enough', async (text) => {
  expect(await look(text)).toMatchObject([{ status: 'ok' }]);
});

it('asks nothing of root', async () => {
  expect(await look('', 0)).toEqual([]);
});

import { appendFile, mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MachineRecord } from '../machines/records.ts';
import { adoptStaged, stageSaved } from './saved-copy.ts';
import {
  commitSaved,
  readSaved,
  SAVED_FOLDER,
  type SavedAbout,
  type SavedManifest,
  whySpoilt,
} from './saved-machine.ts';
import { checkSaved, keptMemory } from './take-up.ts';

const about: SavedAbout = {
  driver: 'qemu',
  setup: { accelerator: 'tcg', machine: 'q35', version: '7.2.22', settings: {} },
  ...{ vcpus: 1, memory_bytes: 4096, network: 'user' },
};

let dir: string;
let folder: string;
let disk: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-saved-'));
  disk = join(dir, 'disk');
  folder = join(dir, SAVED_FOLDER);
  await writeFile(disk, 'disk');
  await fill(folder);
});
afterEach(() => rm(dir, { recursive: true }));

async function fill(at: string): Promise<void> {
  await mkdir(at);
  for (const name of ['memory', 'devices', 'sessions']) await writeFile(join(at, name), name);
  await commitSaved(at, { about, continues: true, saved_at: 1, disk });
}

const ALTERED: Record<string, () => Promise<void>> = {
  'the disk was written to': () => appendFile(disk, 'more'),
  'the disk was written to and is as long as before': () => utimes(disk, 1, 1),
  'the memory is shorter': () => truncate(join(folder, 'memory'), 1),
  'the devices have a byte changed': () => writeFile(join(folder, 'devices'), 'Devices'),
  'the sessions are others': () => writeFile(join(folder, 'sessions'), 'none'),
  'the memory is gone': () => rm(join(folder, 'memory')),
  'nothing was completed': () => rm(join(folder, 'saved.json')),
};

it('is kept while it is what was saved', async () => {
  expect(await keptMemory(dir, disk)).toMatchObject({ version: 1, about, continues: true });
});

it.each(Object.entries(ALTERED))('is not kept, and nothing is left of it, when %s', async (_what, alter) => {
  await alter();
  expect(await keptMemory(dir, disk)).toBeUndefined();
  expect(await readdir(dir)).toEqual(['disk']);
});

const NOW: Record<string, Partial<Record<keyof Present, unknown>>> = {
  'version of QEMU': { version: '8.0' },
  accelerator: { accelerator: 'kvm' },
  'machine type': { machine: 'microvm' },
  'number of CPUs': { vcpus: 2 },
  memory: { memory_bytes: 8192 },
  'kind of network': { network: 'none' },
};
interface Present {
  readonly version: string;
  readonly accelerator: string;
  readonly machine: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly network: string;
}

function present(change: Partial<Record<keyof Present, unknown>>) {
  const { vcpus, memory_bytes, network, ...setup } = {
    ...{ version: '7.2.22', accelerator: 'tcg', machine: 'q35', vcpus: 1, memory_bytes: 4096, network: 'user' },
    ...change,
  } as Present;
  const shape = { vcpus, memory_bytes, network: { mode: network, publish: [] } };
  const record = { id: '000000000000', name: 'web', shape } as unknown as MachineRecord;
  return { record, dir, disk, driver: { name: 'qemu', title: 'QEMU' }, setup: { ...setup, settings: {} } };
}

it('goes on as what it was', async () => {
  await checkSaved((await readSaved(folder)) as SavedManifest, present({}));
});

it.each(Object.entries(NOW))('does not go on with another %s', async (what, change) => {
  const saved = (await readSaved(folder)) as SavedManifest;
  await expect(checkSaved(saved, present(change))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`its ${what} was `),
  });
});

it('is exchanged for one of another disk once that is the disk, and not before', async () => {
  const manifest = (await readSaved(folder)) as SavedManifest;
  const next = join(dir, 'next');
  await writeFile(next, 'disk');
  await stageSaved(dir, { from: folder, manifest, disk: next, continues: false });
  expect(await whySpoilt(folder, manifest, disk)).toBeUndefined();
  expect(await adoptStaged(dir, next)).toBe(true);
  expect(await keptMemory(dir, next)).toMatchObject({ continues: false });
  await stageSaved(dir, { from: folder, manifest, disk: next, continues: true });
  expect(await adoptStaged(dir, disk)).toBe(false);
  expect((await readdir(dir)).sort()).toEqual(['disk', 'next', SAVED_FOLDER]);
});

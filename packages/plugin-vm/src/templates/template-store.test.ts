import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TemplateInputs } from './template-key.ts';
import { TemplateStore } from './template-store.ts';

const KIB = 1024;
const MEMORY = 64 * KIB;

const nothing = () => {};
const log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

let dir: string;
let now: number;
let store: TemplateStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-templates-'));
  now = Date.UTC(2026, 0, 1);
  store = new TemplateStore(dir, { log, clock: { now: () => now, monotonic: () => now } });
});
afterEach(() => rm(dir, { recursive: true }));

function inputs(change: Partial<TemplateInputs> = {}): TemplateInputs {
  const setup = { accelerator: 'tcg', machine: 'q35', version: '7.2.22', settings: {} };
  const size = { vcpus: 1, memory_bytes: MEMORY, disk_bytes: MEMORY };
  return { image: 'sha256:1', kernel: 'sha256:2', initramfs: 'i.cpio', driver: 'qemu', setup, ...size, ...change };
}

async function publish(of: TemplateInputs, image_name = 'busybox'): Promise<void> {
  const folder = await store.open(of);
  for (const name of ['memory', 'state', 'disk.qcow2']) await writeFile(join(folder, name), name.padEnd(MEMORY, '.'));
  await store.publish(folder, { inputs: of, image_name });
  now += 1_000;
}

const keys = async () => (await store.list()).map(({ key }) => key);

it('finds what was published, under its inputs only', async () => {
  await publish(inputs());
  const found = await store.find(inputs());
  expect(await readFile(found?.state ?? '', 'utf8')).toMatch(/^state/);
  expect(await store.find(inputs({ kernel: 'sha256:3' }))).toBeUndefined();
  expect(await store.list()).toMatchObject([{ key: found?.key, manifest: { image_name: 'busybox' } }]);
});

const ALTERED: Record<string, (folder: string) => Promise<void>> = {
  'memory is shorter': (folder) => truncate(join(folder, 'memory'), MEMORY - KIB),
  'memory was touched': (folder) => utimes(join(folder, 'memory'), 1, 1),
  'memory is another file of the same size and time': async (folder) => {
    await copyFile(join(folder, 'memory'), join(folder, 'other'));
    await rename(join(folder, 'other'), join(folder, 'memory'));
  },
  'memory is gone': (folder) => rm(join(folder, 'memory')),
  'state has a byte changed': (folder) => writeFile(join(folder, 'state'), 'State'.padEnd(MEMORY, '.')),
  'state is shorter': (folder) => truncate(join(folder, 'state'), KIB),
  'disk has a byte changed': (folder) => writeFile(join(folder, 'disk.qcow2'), 'Disk.qcow2'.padEnd(MEMORY, '.')),
  'disk is gone': (folder) => rm(join(folder, 'disk.qcow2')),
  'manifest is no JSON': (folder) => truncate(join(folder, 'template.json'), 10),
};

it.each(Object.entries(ALTERED))('does not find one whose %s', async (_what, alter) => {
  await publish(inputs());
  const [key] = await keys();
  await alter(join(dir, key ?? ''));
  expect(await store.find(inputs())).toBeUndefined();
  await store.sweep();
  expect(await readdir(dir)).toEqual([]);
});

it('keeps those used last, as many and as much as is wanted', async () => {
  const [first, second, third] = [1, 2, 3].map((vcpus) => inputs({ vcpus })) as TemplateInputs[];
  for (const each of [first, second, third]) await publish(each as TemplateInputs);
  await store.find(first as TemplateInputs);
  await store.trim({ count: 2, bytes: Number.POSITIVE_INFINITY });
  expect(await Promise.all([first, second, third].map((each) => store.has(each as TemplateInputs)))).toEqual([
    true,
    false,
    true,
  ]);
  const [{ bytes } = { bytes: 0 }] = await store.list();
  expect(bytes).toBeGreaterThanOrEqual(3 * MEMORY);
  await store.trim({ count: 2, bytes: bytes * 1.5 });
  expect(await store.has(first as TemplateInputs)).toBe(true);
  expect(await store.has(third as TemplateInputs)).toBe(false);
  await store.trim({ count: 0, bytes });
  expect(await readdir(dir)).toEqual([]);
});

it('replaces what was made for the same shape from other things, and nothing else', async () => {
  const old = inputs();
  const others = [inputs({ vcpus: 2 }), inputs({ image: 'sha256:9' })] as const;
  await publish(old);
  await publish(others[0]);
  await publish(others[1], 'debian-12');
  const renewed = inputs({ kernel: 'sha256:3' });
  await publish(renewed);
  const key = (await keys())[0] ?? '';
  await store.dropStale(key);
  expect(await store.has(old)).toBe(false);
  for (const each of [renewed, ...others]) expect(await store.has(each)).toBe(true);
});

it('leaves nothing of a build that was cut off', async () => {
  const folder = await store.open(inputs());
  await writeFile(join(folder, 'memory'), 'half of it');
  expect(await store.list()).toEqual([]);
  await store.sweep();
  expect(existsSync(folder)).toBe(false);
});

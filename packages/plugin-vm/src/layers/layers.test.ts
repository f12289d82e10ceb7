import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MachineRecord, migrations, Records } from '../machines/records.ts';
import { memoryStore } from '../memory-store.fixture.ts';
import { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import { LayerRecords } from './layer-records.ts';
import { Layers } from './layers.ts';

const clock = { now: () => 1, monotonic: () => 1 };

let dir: string;
let layers: Layers;
let records: Records;
let snapshots: SnapshotRecords;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-layers-'));
  const store = memoryStore(...migrations);
  records = new Records(store);
  snapshots = new SnapshotRecords(store);
  layers = new Layers({ records: new LayerRecords(store), dir: join(dir, 'layers'), clock });
});
afterEach(() => rm(dir, { recursive: true }));

/** As much of a header as says how large the disk is. */
function qcow2(content: string): Buffer {
  const header = Buffer.alloc(32);
  header.write('QFI\xfb', 'latin1');
  header.writeBigUInt64BE(1024n ** 2n, 24);
  return Buffer.concat([header, Buffer.from(content)]);
}

async function vm(name: string): Promise<{ record: MachineRecord; folder: string }> {
  const folder = join(dir, name);
  await mkdir(join(folder, 'machine'), { recursive: true });
  await writeFile(join(folder, 'machine/disk.qcow2'), qcow2(name));
  const shape = { image_path: '/image', disk_bytes: 1024 ** 2 };
  const record = { id: name, name, state: 'stopped', created_at: 1, shape, run: { boot: 1, steps: [] } };
  records.insert(record as unknown as MachineRecord);
  return { record: record as unknown as MachineRecord, folder };
}

const files = () => readdir(join(dir, 'layers'));

it('keeps what a disk was as long as something stands on it', async () => {
  const { record, folder } = await vm('web');
  const first = await layers.begin(record, folder);
  await layers.settle(record, folder, { switched: true });
  expect(await readFile(layers.path(first.layer))).toEqual(qcow2('web'));
  expect(await readdir(join(folder, 'machine'))).toEqual([`disk-${first.layer}.qcow2`]);
  const second = await layers.begin(record, folder);
  await layers.settle(record, folder, {
    switched: true,
    also: () => snapshots.insert({ id: 's', vm: 'web', name: 'now', created_at: 1, layer: first.layer, memory: false }),
  });
  expect(layers.below(record).map(({ path }) => path)).toEqual([
    ...['/image', layers.path(first.layer), layers.path(second.layer)],
  ]);
  expect(layers.records.dependants(first.layer).sort()).toEqual([`layer ${second.layer}`, 'snapshot now']);
  await layers.collect();
  expect(await files()).toHaveLength(2);
  snapshots.delete(snapshots.get(record, 'now'));
  await layers.collect();
  expect(await files()).toHaveLength(2);
  records.delete('web');
  await layers.collect();
  expect(await files()).toEqual([]);
});

it('takes a freeze back, or completes it when the machine may have gone on', async () => {
  const { record, folder } = await vm('web');
  await layers.begin(record, folder);
  await layers.adopt(record, folder, join(folder, 'machine/disk.qcow2'));
  expect([await files(), await readdir(join(folder, 'machine'))]).toEqual([[], ['disk.qcow2']]);
  const { next, layer } = await layers.begin(record, folder);
  await layers.repair(record, folder);
  expect(layers.diskOf('web', folder)).toBe(next);
  expect(existsSync(layers.path(layer))).toBe(true);
  await writeFile(join(dir, 'layers/stray.qcow2'), '');
  await layers.sweep(new Set());
  expect(await files()).toEqual([`${layer}.qcow2`]);
});

it('leaves nothing of a freeze during which the machine ended', async () => {
  const { record, folder } = await vm('web');
  const freeze = layers.begin(record, folder);
  await Promise.all([expect(freeze).rejects.toThrow('ended meanwhile'), layers.repair(record, folder)]);
  expect([await files(), await readdir(join(folder, 'machine'))]).toEqual([[], ['disk.qcow2']]);
});

it('lets a disk stand on so many layers and no more', async () => {
  const { record, folder } = await vm('web');
  for (let depth = 0; depth < 32; depth++) {
    await layers.begin(record, folder);
    await layers.settle(record, folder, { switched: true });
  }
  await expect(layers.begin(record, folder)).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('nook vm snapshot restore --force web SNAPSHOT'),
  });
  expect(await readdir(join(folder, 'machine'))).toHaveLength(1);
});

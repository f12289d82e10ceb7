import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, type NookClient } from '../../packages/client/src/index.ts';
import { Database } from '../../packages/engine/src/database.ts';
import { MAX_LINE_BYTES } from '../../packages/wire/src/index.ts';
import { type BundledEngine, bundledEngine } from './daemon-methods.ts';

/** More than one answer holds. */
const VMS = 12_000;

let daemon: BundledEngine;
let client: NookClient;

beforeAll(async () => {
  daemon = await bundledEngine({
    async before(home) {
      fill(join(home, 'state/nook.db'));
    },
  });
  client = createClient({ env: { NOOK_HOME: daemon.home } });
});

afterAll(async () => {
  client.close();
  await daemon[Symbol.asyncDispose]();
});

/** VMs as an earlier daemon would have recorded them. */
function fill(path: string): void {
  const shape = {
    ...{ image: 'busybox', image_digest: `sha256:${'0'.repeat(64)}`, image_path: '/nowhere' },
    ...{ vcpus: 1, memory_bytes: 2 ** 30, disk_bytes: 2 ** 33, network: { mode: 'user', publish: [] } },
    ...{ auto_remove: false, mac: '52:54:00:00:00:00', machine_id: '0'.repeat(32) },
  };
  const database = new Database(path);
  database.transaction(() => {
    for (let n = 0; n < VMS; n++) {
      const id = (n * 7919).toString(16).padStart(12, '0');
      // Many of one millisecond, and not in the order of their ids.
      const created = 1_700_000_000_000 + ((n * 31) % 500);
      const values = [id, `vm-${n}`, created, JSON.stringify(shape), '{"boot":0,"steps":[]}'];
      database.run(`INSERT INTO vm_machines VALUES (?, ?, 'created', NULL, ?, ?, ?)`, values);
    }
  });
  database.close();
}

test('a list that is longer than a line is refused with what to do about it, and the connection goes on', async () => {
  await expect(client.call('vm.list', {})).rejects.toMatchObject({
    code: 'operation_failed',
    hint: expect.stringContaining("'limit'"),
    details: { bytes: expect.any(Number), max_bytes: MAX_LINE_BYTES },
  });
  expect(await client.call('ping', {})).toHaveProperty('pid');
});

test('page by page it is told in full, in order, also when VMs are removed meanwhile', async () => {
  const all = await client.list('vm.list', {});
  expect(new Set(all.map(({ id }) => id)).size).toBe(VMS);
  expect(all.map(({ created_at }) => created_at)).toEqual(all.map(({ created_at }) => created_at).toSorted());

  const [first, second, third] = await client.call('vm.list', { limit: 3 });
  expect([first, second, third]).toEqual(all.slice(0, 3));
  await client.call('vm.delete', { name: second?.name ?? '' });
  expect(await client.call('vm.list', { limit: 1, after: second })).toEqual([third]);
  expect(await client.call('vm.list', { after: all.at(-1) })).toEqual([]);
  expect(await client.list('vm.list', { limit: 1500 })).toHaveLength(1500);
});

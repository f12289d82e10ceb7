import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../packages/client/src/index.ts';
import { Database } from '../../packages/engine/src/database.ts';
import { bundledEngine } from './daemon-methods.ts';

test('networks are made, listed, shown and removed, and the daemon keeps them', async () => {
  await using daemon = await bundledEngine({
    async before(home) {
      const database = new Database(join(home, 'state/nook.db'));
      const values = ['0a', 'kept', '10.201.4.0/24', 'fd12::/64', 1, 1_700_000_000_000];
      database.run(
        'INSERT INTO network_networks (id, name, subnet, subnet6, isolated, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        values,
      );
      database.close();
    },
  });
  const client = createClient({ env: { NOOK_HOME: daemon.home } });
  onTestFinished(() => client.close());
  const made = await client.call('net.create', { name: 'back', subnet: '10.201.5.0/24' });
  expect(made).toMatchObject({ name: 'back', state: 'idle', gateway: '10.201.5.1', isolated: false, vms: [] });
  expect(made.egress).toEqual({ mode: 'open', audit: false, allow: [] });
  const shut = await client.call('net.create', { name: 'shut', allow: ['Example.org:443', '10.0.0.0/8'] });
  expect(shut.egress).toEqual({ mode: 'allow', audit: false, allow: ['example.org:443', '10.0.0.0/8'] });
  await expect(client.call('net.create', { name: 'x', egress: 'deny', allow: ['a.org'] })).rejects.toMatchObject({
    code: 'bad_params',
  });
  await client.call('net.delete', { name: 'shut' });
  const both = await client.call('net.list', {});
  expect(both.map(({ name, isolated }) => [name, isolated])).toEqual([
    ['kept', true],
    ['back', false],
  ]);
  expect(await client.call('net.show', { name: 'back' })).toEqual(made);
  await expect(client.call('net.create', { name: 'kept' })).rejects.toMatchObject({ code: 'already_exists' });
  expect(await client.call('net.delete', { name: 'back' })).toEqual({ name: 'back' });
  await expect(client.call('net.show', { name: 'back' })).rejects.toMatchObject({
    code: 'not_found',
    hint: expect.stringContaining('nook net create back'),
  });
});

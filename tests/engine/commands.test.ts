import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Home, untilOutput } from '../harness/home.ts';

test('op, events, rpc discover, plugin, config and daemon metrics say what the daemon knows', async () => {
  await using home = await Home.create();
  const offline = await home.json<{ name: string }[]>('plugin', 'list', '--offline');
  expect(offline.map(({ name }) => name)).toEqual(['images', 'network', 'roothelper', 'vm', 'workspace']);

  const following = home.spawn(['events', '--follow', '--since', '0', '--topic', 'op.*']);
  const { code } = await home.nook(['image', 'import', 'mine', '/no/such.tar']);
  expect(code).toBe(1);
  const [operation] = await home.json<{ op_id: string }[]>('op', 'list', '--state', 'failed');
  const id = operation?.op_id as string;
  const line = await untilOutput(following, /"failed".*\n/);
  following.kill('SIGINT');
  await once(following, 'close');
  expect(JSON.parse(line.split('\n')[0] as string)).toMatchObject({ topic: 'op.state', data: { op_id: id } });
  expect(await home.ok('events', '--since', '0', '--topic', 'op.state')).toBe(line);
  expect(await home.ok('op', 'show', id)).toContain('not_found: ');
  expect((await home.nook(['op', 'wait', id])).code).toBe(1);
  expect((await home.nook(['op', 'show', 'op-none'])).stderr).toContain('nook op list');
  expect(await home.ok('op', 'list', '--state', 'running')).not.toContain('image.import');

  const discovered = await home.ok('rpc', 'discover', '--json');
  expect(discovered).toBe(await readFile(new URL('../../docs/openrpc.json', import.meta.url), 'utf8'));
  expect(await home.ok('daemon', 'metrics')).toContain('nook_operations_total{method="image.import",state="failed"} 1');
  expect(await home.json('plugin', 'show', 'vm')).toMatchObject({ state: 'ok', provides: ['vms', 'scopes'] });
  expect(await home.ok('config', 'check')).toContain('all right');
  expect(await home.ok('config', 'default')).toContain('[vm]');
  expect(await home.ok('daemon', 'reload')).toBe('nothing changed\n');
});

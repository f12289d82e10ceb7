import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home } from '../harness/home.ts';

/** Order in which the plugins are set up, sorted, reversed and rotated → names that bring it about. */
const ORDERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'images, network, roothelper, vm, workspace': {},
  'workspace, vm, roothelper, network, images': {
    workspace: 'a-workspace',
    vm: 'b-vm',
    roothelper: 'c-roothelper',
    network: 'd-network',
    images: 'e-images',
  },
  'network, roothelper, vm, workspace, images': { images: 'x-images' },
  'vm, images, network, roothelper, workspace': { vm: 'a-vm' },
};

/** A home whose daemon has the real plugins under other names. */
async function renamedHome(names: Readonly<Record<string, string>>): Promise<Home> {
  const home = await Home.create();
  await mkdir(join(home.dir, 'config'), { mode: 0o700, recursive: true });
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'renamed-daemon.ts')]);
  await writeFile(join(home.dir, 'config/config.toml'), `[daemon]\ncommand = ${command}\n`, { mode: 0o600 });
  home.env.NOOK_TEST_NAMES = JSON.stringify(names);
  return home;
}

describe('the real plugins', () => {
  it.each(Object.entries(ORDERS))(
    'in the order %s make a daemon that creates, runs and removes',
    async (order, names) => {
      await using home = await renamedHome(names);
      await home.ok('daemon', 'start');
      const status = await home.json<{ state: string; plugins: { name: string }[] }>('daemon', 'status');
      expect(status.plugins.map(({ name }) => name.replace(/^.-/, '')).join(', ')).toBe(order);
      expect(status.state).toBe('ok');

      await home.ok('vm', 'create', '--name', 'box', '--image', 'busybox', '--memory', '256M');
      await home.ok('vm', 'start', 'box');
      expect(await home.ok('vm', 'exec', 'box', '--', 'echo', order)).toBe(`${order}\n`);
      await home.ok('vm', 'rm', '--force', 'box');
      expect(await home.json('vm', 'list')).toEqual([]);
    },
  );
});

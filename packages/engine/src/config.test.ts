import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkConfig, readConfigFile } from './config.ts';
import { plugin, tempDir } from './engine.fixture.ts';

const vm = plugin('vm', undefined, {
  config: z.object({
    memory: z.string().default('1G'),
    templates: z.object({ auto: z.boolean().default(true) }).default({ auto: true }),
    mirrors: z.array(z.object({ url: z.string() })).default([]),
    labels: z.record(z.string(), z.string()).default({}),
    size: z.union([z.object({ bytes: z.number() }), z.literal('auto')]).optional(),
  }),
});
const images = plugin('images', undefined, { config: z.strictObject({ parallel: z.number().default(2) }) });
const bare = plugin('bare');
const check = (table: Record<string, unknown>, plugins = [vm, images, bare]) =>
  checkConfig(table, { path: '/c/config.toml', plugins });

test('absent sections get their defaults', async () => {
  const config = await check({});
  expect(config.plugins.get('vm')).toMatchObject({ memory: '1G', templates: { auto: true } });
  expect(config.daemon).toMatchObject({
    log_level: 'info',
    drain_seconds: 5,
    operations: { keep: 1000, keep_days: 30 },
  });
});

test.each([
  [{ vm: { memroy: '2G' } }, "vm.memroy: Unknown key. Did you mean 'memory'?"],
  [{ vm: { templates: { atuo: true } } }, "vm.templates.atuo: Unknown key. Did you mean 'auto'?"],
  [{ vm: { mirrors: [{ url: 'x' }, { uri: 'x', url: 'y' }] } }, "vm.mirrors.1.uri: Unknown key. Did you mean 'url'?"],
  [{ vm: { size: { byte: 1, bytes: 2 } } }, "vm.size.byte: Unknown key. Did you mean 'bytes'?"],
  [{ vm: { zzz: 1 } }, 'vm.zzz: Unknown key. Known: labels, memory, mirrors, size, templates.'],
  [{ images: { paralel: 1 } }, "images.paralel: Unknown key. Did you mean 'parallel'?"],
  [{ daemon: { log_levle: 'info' } }, "daemon.log_levle: Unknown key. Did you mean 'log_level'?"],
  [{ vm: { memory: 3 } }, 'vm.memory: Invalid input: expected string'],
  [{ vn: {} }, "vn: No imported plugin is named 'vn'. Did you mean 'vm'?"],
  [{ network: {} }, "network: No imported plugin is named 'network'. Import '@nook/plugin-network/register'."],
  [{ bare: { x: 1 } }, "bare: The plugin 'bare' has no settings"],
  [{ images: { store: 'relative' } }, 'images.store: must be an absolute path'],
])('%j is refused with file and key', async (table, message) => {
  await expect(check(table)).rejects.toMatchObject({
    code: 'bad_params',
    message: expect.stringContaining(`/c/config.toml: ${message}`),
  });
});

test('open sections take any key', async () => {
  const config = await check({ vm: { labels: { anything: 'goes' } } });
  expect(config.plugins.get('vm')).toMatchObject({ labels: { anything: 'goes' } });
});

test('all problems are in one error', async () => {
  await expect(check({ vm: { memroy: 1 }, daemon: { drain_seconds: -1 }, other: {} })).rejects.toThrow(
    /daemon\.drain_seconds[\s\S]*vm\.memroy[\s\S]*other/,
  );
});

test('the place of the image store is the engine’s, and no key of the plugin', async () => {
  const config = await check({ images: { store: '/big/disk', parallel: 4 } });
  expect(config.imagesStore).toBe('/big/disk');
  expect(config.plugins.get('images')).toEqual({ parallel: 4 });
});

test('a file that is not TOML names itself and the line', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'config.toml');
  expect(await readConfigFile(path)).toEqual({});
  await writeFile(path, '[vm]\nmemory = \n');
  await expect(readConfigFile(path)).rejects.toThrow(/config\.toml: [\s\S]*2/);
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Home } from '../harness/home.ts';
import { DaemonFolder, without } from './daemon-folder.ts';
import { documentedEntry, documentedPlugin } from './documented-plugin.ts';

const withGreeter = (text: string) => text.replace(/^import '/m, `import './greeter.ts';\nimport '`);

describe('a copy of the entry file', () => {
  test('is what the documentation shows of it', async () => {
    const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
    await using folder = await DaemonFolder.create();
    await folder.copyEntry((text) => text);
    expect(lines(await documentedEntry())).toEqual(lines(await readFile(folder.entry, 'utf8')));
  });

  test('compiles as it is, with an import more, and from a folder of its own', async () => {
    await using folder = await DaemonFolder.create();
    await folder.copyEntry((text) => text);
    expect(await folder.compile()).toEqual({ code: 0, output: '' });
    await folder.write('greeter.ts', await documentedPlugin());
    await folder.copyEntry(withGreeter);
    expect(await folder.compile()).toEqual({ code: 0, output: '' });
  });

  test('without the network does not compile, in a message that names capability and plugin, nor start', async () => {
    await using folder = await DaemonFolder.create();
    await folder.copyEntry(without('network'));
    const compiled = await folder.compile();
    expect(compiled.code).not.toBe(0);
    expect(compiled.output).toContain("plugin 'vm' needs capability 'network', which no imported plugin provides");
    expect(compiled.output.match(/error TS/g)).toHaveLength(1);

    const started = await folder.start();
    expect(started.code).toBe(1);
    expect(started.output).toContain("Plugin 'vm' needs 'network'");
    expect(started.output).toContain("Import '@nook/plugin-network/register'.");
  });

  test('with several faults refuses to start with one report of all of them', async () => {
    await using folder = await DaemonFolder.create();
    await folder.write('greeter.ts', await documentedPlugin());
    await folder.copyEntry((text) => withGreeter(without('network', 'images')(text)));
    const { code, output } = await folder.start();
    expect(code).toBe(1);
    expect(output.match(/do not fit together/g)).toHaveLength(1);
    expect(output.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
      expect.stringMatching(/^ {2}- Plugin 'greeter' needs 'images', .* Import '@nook\/plugin-images\/register'\.$/),
      expect.stringMatching(/^ {2}- Plugin 'vm' needs 'images', .* Import '@nook\/plugin-images\/register'\.$/),
      expect.stringMatching(/^ {2}- Plugin 'vm' needs 'kernels', .* Import '@nook\/plugin-images\/register'\.$/),
      expect.stringMatching(/^ {2}- Plugin 'vm' needs 'network', .* Import '@nook\/plugin-network\/register'\.$/),
    ]);
  });
});

test('nook starts the daemon that config.toml names, and its own plugin serves', async () => {
  await using folder = await DaemonFolder.create();
  await folder.write('greeter.ts', await documentedPlugin());
  await folder.copyEntry(withGreeter);
  await using home = await Home.create();
  await mkdir(join(home.dir, 'config'), { mode: 0o700, recursive: true });
  const command = JSON.stringify([process.execPath, folder.entry]);
  await writeFile(join(home.dir, 'config/config.toml'), `[daemon]\ncommand = ${command}\n`, { mode: 0o600 });

  const answer = JSON.parse(await home.ok('rpc', 'call', 'greeter.hello', '{"name":"you"}'));
  expect(answer).toEqual({ text: 'Hello, you! Your machines boot debian-12.' });
  const status = await home.json<{ plugins: { name: string; version: string; state: string }[] }>('daemon', 'status');
  expect(status.plugins.map(({ name }) => name)).toEqual([
    'greeter',
    'images',
    'network',
    'roothelper',
    'vm',
    'workspace',
  ]);
  expect(status.plugins[0]).toMatchObject({ version: '1.0.0', state: 'ok' });

  const refused = await home.nook(['rpc', 'call', 'greeter.hello', '{"name":7}']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('name');
  const unknown = await home.nook(['rpc', 'call', 'greeter.helo']);
  expect(unknown.stderr).toContain("'greeter.hello'");
});

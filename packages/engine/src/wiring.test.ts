import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type NookError, registered, registerPlugin } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { plugin, tempDir, testEngine } from './engine.fixture.ts';

const method = { summary: 's', access: 'read', params: z.object({}), result: z.any(), run: () => null };

test('all problems of the wiring are in one report', async () => {
  await using test = await testEngine([
    plugin('vm', (context) => {
      context.need('network');
      context.need('martian');
      context.want('privileged');
      context.method('x.same', method);
      context.method('ping', method);
      context.method('x.bad', { ...method, params: undefined });
    }),
    plugin('other', (context) => {
      context.provide('images', {});
      context.method('x.same', method);
      context.contribute('vm.feature', { name: 'seed' });
    }),
    plugin('third', (context) => {
      context.provide('images', {});
      for (const name of ['seed', 'third']) context.contribute('vm.feature', { name });
    }),
  ]);
  const error = await test.engine.start().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'conflict' });
  const { message } = error as Error;
  for (const sentence of [
    "Plugin 'vm' needs 'network', which no imported plugin provides. Import '@nook/plugin-network/register'.",
    "Plugin 'vm' needs 'martian', which no imported plugin provides. Import the plugin that provides it.",
    "The method 'x.same' is registered by plugin 'other' and by plugin 'vm'.",
    "Plugin 'vm' registers the method 'ping', whose name is the daemon's own.",
    "Method 'x.bad' of plugin 'vm' needs 'params' and 'result' schemas and 'run'.",
    "Capability 'images' has several providers: 'other', 'third'.",
    "'seed' is contributed to 'vm.feature' by plugin 'other' and plugin 'third'.",
  ]) {
    expect(message).toContain(sentence);
  }
  expect(message).not.toContain('privileged');
});

test('faults of the registrations are in one report, before anything of theirs runs', async () => {
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(name);
  await using test = await testEngine([
    plugin('a', note('a'), { from: 'file:///one' }),
    plugin('a', note('a'), { from: 'file:///two' }),
    plugin('old', note('old'), { api: 99 }),
    plugin('', note('unnamed'), { from: 'file:///unnamed' }),
    plugin('daemon', note('daemon')),
    plugin('Upper_Case', note('upper')),
  ]);
  const error = (await test.engine.start().catch((thrown: unknown) => thrown)) as NookError;
  expect(error.details?.problems).toEqual([
    'A plugin has no name: file:///unnamed.',
    "Plugin 'Upper_Case' (file:///Upper_Case.ts): a name is lower-case letters, digits and dashes.",
    "Plugin 'daemon' (file:///daemon.ts): the name is reserved.",
    expect.stringMatching(
      /^Plugin 'old' \(file:\/\/\/old\.ts\) was written for version 99 of the plugin API; this daemon \(file:.*engine\/src\/\) speaks 1\.$/,
    ),
    "Plugin 'a' is registered 2 times: file:///one and file:///two.",
  ]);
  expect(ran).toEqual([]);
});

test('two physical copies of the contract package share one registry', async () => {
  await using dir = await tempDir();
  const source = new URL('.', import.meta.resolve('@nook/daemonapi')).pathname;
  await cp(source, join(dir.path, 'src'), { recursive: true });
  const copy = await import(pathToFileURL(join(dir.path, 'src', 'index.ts')).href);
  expect(copy.registerPlugin).not.toBe(registerPlugin);
  copy.registerPlugin(plugin('from-the-copy'));
  registerPlugin(plugin('from-here'));
  expect(registered()).toEqual(['from-here', 'from-the-copy']);
  expect(copy.registered()).toEqual(registered());
});

test('what plugins that do not serve have contributed is not found', async () => {
  let found: () => unknown = () => {};
  await using test = await testEngine([
    plugin('asks', (context) => {
      found = () => context.contributions('vm.feature').map(({ name }: { name: string }) => name);
    }),
    plugin('skips', (context) => {
      context.contribute('vm.feature', { name: 'skipped' });
      return { start: () => ({ skipped: 'not on this host' }) };
    }),
    plugin('works', (context) => context.contribute('vm.feature', { name: 'working' })),
  ]);
  await test.engine.start();
  expect(found()).toEqual(['working']);
});

test('a need is not declared after setup', async () => {
  let late: () => unknown = () => {};
  await using test = await testEngine([
    plugin('a', (context) => {
      late = () => context.need('x');
    }),
  ]);
  await test.engine.start();
  expect(() => late()).toThrow('after setup');
});

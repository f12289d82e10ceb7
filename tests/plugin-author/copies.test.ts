import { cliRegistrations, isNookError, NookError, registerPlugin, registrations } from '@nook/daemonapi';
import { startTestDaemon } from '@nook/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { contractCopy } from './contract-copy.ts';

/** What this process has registered, as `runDaemon` takes it. */
const registeredPlugins = () => registrations().map(({ definition }) => definition);

const method = { summary: 'Tests.', access: 'read', params: z.object({}), result: z.string() } as const;

test('plugins and commands that were registered through two copies of the contract make one daemon', async () => {
  await using copy = await contractCopy();
  const { contract } = copy;
  expect(contract.registerPlugin).not.toBe(registerPlugin);
  expect(contract.NookError).not.toBe(NookError);

  const base = { version: '1.0.0', from: import.meta.url };
  contract.registerPlugin({
    ...base,
    name: 'from-the-copy',
    api: contract.API_VERSION,
    setup(context) {
      context.provide('copied' as never, { text: () => 'from the copy' } as never);
      const run = () => {
        throw new contract.NookError('not_running', 'It sleeps.', { hint: 'Wake it.' });
      };
      context.method('from-the-copy.fail' as never, { ...method, run } as never);
    },
  });
  registerPlugin({
    ...base,
    name: 'from-here',
    api: 1,
    setup(context) {
      const copied = context.need('copied' as never) as { text(): string };
      context.method('from-here.text' as never, { ...method, run: () => copied.text() } as never);
    },
  });
  contract.registerCli({ commands: [{ name: 'copied', summary: 'Copied.', run() {} }] });
  expect(cliRegistrations().flatMap(({ commands }) => commands.map(({ name }) => name))).toEqual(['copied']);

  await using daemon = await startTestDaemon({ plugins: registeredPlugins() });
  expect(await daemon.call('from-here.text' as never, {} as never)).toBe('from the copy');
  // An error of the other copy's class is still an answer, not a fault.
  const refused = { code: 'not_running', message: 'It sleeps.', hint: 'Wake it.' };
  await expect(daemon.call('from-the-copy.fail' as never, {} as never)).rejects.toMatchObject(refused);
  expect(isNookError(new contract.NookError('conflict', 'x'))).toBe(true);
  expect(contract.isNookError(new NookError('conflict', 'x'))).toBe(true);
});

test.each([
  ['says so', (text: string) => text.replace('API_VERSION = 1', 'API_VERSION = 2')],
  [
    'keeps its registry elsewhere',
    (text: string) => text.replace('API_VERSION = 1', 'API_VERSION = 2').replace('daemonapi.v1', 'daemonapi.v2'),
  ],
])('a plugin for another version of the contract, which %s, is refused with versions and paths', async (_, edit) => {
  await using copy = await contractCopy(edit);
  expect(copy.contract.API_VERSION).toBe(2);
  const name = `newer-${Math.random().toString(36).slice(2)}`;
  const setup = () => {
    throw new Error('its setup was called');
  };
  copy.contract.registerPlugin({ name, api: copy.contract.API_VERSION, version: '1.0.0', from: copy.url, setup });
  const ours = registeredPlugins().filter((plugin) => plugin.name === name);
  expect(ours).toHaveLength(1);
  const refusal = await startTestDaemon({ plugins: ours }).then(
    () => undefined,
    (error: unknown) => error as NookError,
  );
  const engine = new URL('.', import.meta.resolve('@nook/engine')).href;
  expect(refusal).toMatchObject({ code: 'conflict' });
  expect(refusal?.message).toContain(
    `Plugin '${name}' (${copy.url}) was written for version 2 of the plugin API; this daemon (${engine}) speaks 1.`,
  );
});

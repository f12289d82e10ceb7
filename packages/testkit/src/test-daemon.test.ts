import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { greeter, strict } from './greeter.fixture.ts';
import { startTestDaemon } from './test-daemon.ts';

test('a daemon of the plugin serves on a real socket in a home of its own, which goes with it', async () => {
  let home: string;
  {
    await using daemon = await startTestDaemon({ plugins: [greeter] });
    ({ home } = daemon);
    expect(existsSync(join(home, 'run/nookd.sock'))).toBe(true);
    expect(await daemon.call('test-greeter.hello', { name: 'you' })).toEqual({ text: 'Hello, you.' });
    await expect(daemon.call('test-greeter.hello', { name: '' })).rejects.toMatchObject({ code: 'bad_params' });
    expect(await daemon.capability('test-greeter').greet('me')).toBe('Hello, me.');
    expect(() => daemon.capability('nobody' as 'test-greeter')).toThrow("No plugin of this daemon provides 'nobody'");
    expect(daemon.contributions('doctor.check').map(({ name }) => name)).toEqual(['test-greeter.ears']);
    expect((await daemon.log()).some(({ method }) => method === 'test-greeter.hello')).toBe(true);
  }
  expect(existsSync(home)).toBe(false);
});

test('config and fakes are those of the test', async () => {
  await using daemon = await startTestDaemon({
    plugins: [greeter],
    config: { 'test-greeter': { shout: true, language: 'fr' } },
    fakes: { 'test-words': { greeting: async (language) => (language === 'fr' ? 'Bonjour' : '?') } },
  });
  expect(await daemon.call('test-greeter.hello', { name: 'vous' })).toEqual({ text: 'Bonjour, vous!' });
});

test('events go both ways', async () => {
  await using daemon = await startTestDaemon({ plugins: [greeter] });
  const greeted = daemon.nextEvent('test-greeter.*');
  await daemon.call('test-greeter.hello', { name: 'you' });
  expect(await greeted).toMatchObject({ topic: 'test-greeter.greeted', data: { name: 'you' } });
  daemon.events.publish('test.news', { what: 'rain' });
  const { findings } = await daemon.doctor();
  expect(findings.find(({ item }) => item === 'ears')?.evidence).toBe('heard 1 times');
  await expect(daemon.nextEvent('never', { timeoutMs: 10 })).rejects.toMatchObject({ code: 'timeout' });
});

test('a changed config reaches the plugin, as far as it takes it', async () => {
  await using daemon = await startTestDaemon({
    plugins: [greeter],
    config: { 'test-greeter': { language: 'en' } },
    fakes: { 'test-words': { greeting: async (language) => language } },
  });
  const next = { 'test-greeter': { language: 'fr', shout: true } };
  expect(await daemon.reload(next)).toMatchObject({
    applied: ['test-greeter.language'],
    restart_needed: ['test-greeter.shout'],
  });
  expect(await daemon.call('test-greeter.hello', { name: 'vous' })).toEqual({ text: 'fr, vous.' });
  await expect(daemon.reload({ 'test-greeter': { shout: 1 } })).rejects.toMatchObject({ code: 'bad_params' });
});

test('the clock may be the test’s', async () => {
  const clock = { now: () => 1_000_000, monotonic: () => 5 };
  await using daemon = await startTestDaemon({ plugins: [greeter], clock });
  const greeted = daemon.nextEvent('test-greeter.*');
  await daemon.call('test-greeter.hello', { name: 'you' });
  expect(await greeted).toMatchObject({ at: 1_000_000 });
});

test('what keeps a daemon from starting reaches the test', async () => {
  const refused = { code: 'conflict', message: expect.stringContaining("Plugin 'test-strict' needs 'test-words'") };
  await expect(startTestDaemon({ plugins: [strict] })).rejects.toMatchObject(refused);
  const misspelt = { plugins: [greeter], config: { 'test-greeter': { langauge: 'fr' } } };
  await expect(startTestDaemon(misspelt)).rejects.toThrow("Did you mean 'language'?");
});

test('a second daemon goes on in the home of the first', async () => {
  const home = await mkdtemp(join(tmpdir(), 'nook-'));
  const counting = {
    ...greeter,
    setup(context: Parameters<typeof greeter.setup>[0]) {
      context.store.migrate([{ name: 'first', sql: 'CREATE TABLE test_greeter_n (n INTEGER) STRICT' }]);
      return {
        ...greeter.setup(context),
        start: () => void context.store.run('INSERT INTO test_greeter_n VALUES (1)'),
      };
    },
  };
  try {
    for (const _ of [1, 2]) {
      const daemon = await startTestDaemon({ plugins: [counting], home });
      await daemon[Symbol.asyncDispose]();
    }
    expect(existsSync(join(home, 'state/nook.db'))).toBe(true);
  } finally {
    await rm(home, { recursive: true });
  }
});

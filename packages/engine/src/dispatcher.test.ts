import { join } from 'node:path';
import { NookError, type Progress } from '@nook/daemonapi';
import { byteStream, RpcClient } from '@nook/wire';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type LooseContext, plugin, testEngine } from './engine.fixture.ts';

const base = { summary: 's', access: 'write', params: z.strictObject({}), result: z.any() };
const serving = (methods: Record<string, object>) =>
  plugin('p', (context) => {
    for (const [name, method] of Object.entries(methods)) context.method(name, { ...base, ...method });
  });

test('params that do not fit name the field, unknown ones with a suggestion', async () => {
  const params = z.strictObject({ name: z.string(), shape: z.object({ memory: z.number() }).optional() });
  await using test = await testEngine([serving({ 'p.do': { params, run: () => null } })]);
  await test.engine.start();
  await expect(test.call('p.do', { name: 1 })).rejects.toMatchObject({
    code: 'bad_params',
    message: expect.stringContaining("'p.do': name: "),
  });
  await expect(test.call('p.do', { name: 'a', shape: { memory: 'big' } })).rejects.toThrow('shape.memory');
  await expect(test.call('p.do', { nmae: 'a', name: 'b' })).rejects.toMatchObject({
    code: 'bad_params',
    message: expect.stringContaining('nmae: Unknown key'),
    hint: "Did you mean 'name'?",
  });
});

test('an unknown method suggests the one that was meant', async () => {
  await using test = await testEngine([serving({ 'p.create': { run: () => null } })]);
  await test.engine.start();
  await expect(test.call('p.craete')).rejects.toMatchObject({
    code: 'unknown_method',
    hint: "Did you mean 'p.create'?",
  });
  await expect(test.call('moon.land')).rejects.toMatchObject({ hint: expect.stringContaining('nook daemon stop') });
});

test('the op id of a refused read is in the log at its usual level', async () => {
  const run = () => {
    throw new NookError('not_found', 'No such thing.');
  };
  await using test = await testEngine([serving({ 'p.show': { access: 'read', run } })], { logLevel: 'info' });
  await test.engine.start();
  await expect(test.call('p.show', {}, { opId: 'op-shown' })).rejects.toMatchObject({ code: 'not_found' });
  expect((await test.log()).find(({ op_id }) => op_id === 'op-shown')).toMatchObject({ code: 'not_found' });
});

test('a result that its schema refuses is found in tests', async () => {
  await using test = await testEngine([
    serving({ 'p.do': { result: z.object({ n: z.number() }), run: () => ({ n: 'x' }) } }),
  ]);
  await test.engine.start();
  await expect(test.call('p.do')).rejects.toMatchObject({ code: 'internal' });
});

test('one op id is on every line of its call, through awaits, capabilities and events', async () => {
  await using test = await testEngine([
    plugin('caller', (context) => {
      const helper = context.need('helper');
      context.method('caller.do', {
        ...base,
        async run() {
          await new Promise((resolve) => setImmediate(resolve));
          await helper.work();
          throw new Error('unexpected');
        },
      });
    }),
    plugin('helper', (context) => {
      context.events.subscribe('h.*', () => context.log.info('heard'));
      context.provide('helper', {
        async work() {
          await null;
          context.log.info({ token: 'hush', nested: { password: 'hush' } }, 'worked');
          context.events.publish('h.done', {});
        },
      });
    }),
  ]);
  await test.engine.start();
  await expect(test.call('caller.do', {}, { opId: 'op-known' })).rejects.toThrow('unexpected');
  const lines = (await test.log()).filter(({ op_id }) => op_id === 'op-known');
  expect(lines.map(({ msg, plugin: name }) => [msg, name])).toEqual([
    ['worked', 'helper'],
    ['heard', 'helper'],
    ['call failed', undefined],
  ]);
  expect(JSON.stringify(lines)).not.toContain('hush');
});

test('progress is thinned out, the last of each stage kept', async () => {
  await using test = await testEngine([
    serving({
      'p.do': {
        run(_: unknown, call: LooseContext) {
          for (let done = 1; done <= 1000; done++) call.progress({ stage: 'read', done, total: 1000 });
          call.progress({ stage: 'write', done: 1 });
          return null;
        },
      },
    }),
  ]);
  await test.engine.start();
  const seen: Progress[] = [];
  await test.call('p.do', {}, { onProgress: (progress: Progress) => seen.push(progress) });
  expect(seen.length).toBeLessThan(10);
  expect(seen.slice(-2)).toMatchObject([{ stage: 'read', done: 1000 }, { stage: 'write' }]);
});

test('a method becomes a stream over the socket, and its failure the stream’s error', async () => {
  await using test = await testEngine(
    [
      serving({
        'p.echo': {
          stream: true,
          async run(_: unknown, call: LooseContext) {
            const stream = call.stream({ open: true });
            for await (const chunk of stream) {
              if (String(chunk) === 'fail') throw new NookError('not_running', 'It stopped.');
              stream.write(chunk);
            }
          },
        },
        'p.plain': { run: (_: unknown, call: LooseContext) => call.stream(null) },
      }),
    ],
    { listen: true },
  );
  await test.engine.start();
  const client = await RpcClient.connect(join(test.home, 'run', 'nookd.sock'));
  await expect(client.call('p.plain')).rejects.toMatchObject({ code: 'internal' });
  const { result, channel } = await client.upgrade('p.echo');
  expect(result).toEqual({ open: true });
  const stream = byteStream(channel);
  stream.write('hello');
  expect(String(await new Promise((resolve) => stream.once('data', resolve)))).toBe('hello');
  stream.write('fail');
  expect(await new Promise((resolve) => stream.once('error', resolve))).toMatchObject({ code: 'not_running' });
});

test('doctor runs all checks at once; one that fails is a finding', async () => {
  await using test = await testEngine([
    plugin('p', (context) => {
      const ok = { status: 'ok', item: 'thing', evidence: 'seen' };
      context.contribute('doctor.check', { name: 'p.good', run: async () => [ok] });
      context.contribute('doctor.check', { name: 'p.bad', run: () => Promise.reject(new Error('broken')) });
    }),
  ]);
  await test.engine.start();
  const report = await test.call('daemon.doctor');
  expect(report.status).toBe('error');
  const of = (name: string) => report.findings.filter(({ check }: { check: string }) => check === name);
  expect(of('p.good')).toMatchObject([{ status: 'ok', item: 'thing' }]);
  expect(of('p.bad')).toMatchObject([{ status: 'error', evidence: 'broken' }]);
  expect(of('daemon.directories')).toHaveLength(5);
  expect(of('daemon.store')).toMatchObject([{ status: 'ok' }]);
});

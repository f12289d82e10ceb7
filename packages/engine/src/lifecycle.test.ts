import { NookError } from '@nook/daemonapi';
import { describe, expect, test } from 'vitest';
import { type LooseContext, plugin, testEngine } from './engine.fixture.ts';

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** A plugin that notes each of its hooks, and fails in one of them if told to. */
function noting(name: string, notes: string[], failing?: string) {
  const hook = (what: string) => async () => {
    notes.push(`${what} ${name}`);
    if (what === failing) throw new Error(`${name} cannot ${what}`);
  };
  return plugin(name, () => {
    notes.push(`setup ${name}`);
    if (failing === 'setup') throw new Error(`${name} cannot setup`);
    return { start: hook('start'), stop: hook('stop'), dispose: hook('dispose') };
  });
}

describe('order', () => {
  test('names alone decide it: setup and start sorted, stop and dispose in reverse', async () => {
    const notes: string[] = [];
    await using test = await testEngine(['b', 'c', 'a'].map((name) => noting(name, notes)));
    await test.engine.start();
    await test.engine.stop();
    await test.engine.stop();
    expect(notes).toEqual(
      ['setup a', 'setup b', 'setup c', 'start a', 'start b', 'start c'].concat(
        ['stop c', 'stop b', 'stop a'],
        ['dispose c', 'dispose b', 'dispose a'],
      ),
    );
  });

  test.each(permutations(['a', 'b', 'c', 'd']))(
    'four plugins that need each other start under names %s %s %s %s',
    async (...names) => {
      const reached: string[] = [];
      // Each needs the next one's capability, the last the first's: no order would satisfy them all.
      const ring = names.map((name, at) =>
        plugin(name, (context) => {
          const next = context.need(`cap${(at + 1) % names.length}`);
          context.provide(`cap${at}`, { hello: () => `${at}` });
          return {
            start: () => void reached.push(`start ${next.hello()}`),
            stop: () => void reached.push(`stop ${next.hello()}`),
          };
        }),
      );
      await using test = await testEngine(ring);
      await test.engine.start();
      await test.engine.stop();
      expect([...reached].sort()).toEqual([
        'start 0',
        'start 1',
        'start 2',
        'start 3',
        'stop 0',
        'stop 1',
        'stop 2',
        'stop 3',
      ]);
    },
  );
});

describe('a failure', () => {
  test('of setup undoes what was set up', async () => {
    const notes: string[] = [];
    await using test = await testEngine([noting('a', notes), noting('b', notes, 'setup'), noting('c', notes)]);
    await expect(test.engine.start()).rejects.toThrow("Plugin 'b' failed to be set up: b cannot setup");
    expect(notes).toEqual(['setup a', 'setup b', 'dispose a']);
  });

  test('of start undoes everything, in reverse, the failing plugin too', async () => {
    const notes: string[] = [];
    await using test = await testEngine([noting('a', notes), noting('b', notes, 'start'), noting('c', notes)]);
    await expect(test.engine.start()).rejects.toThrow("Plugin 'b' failed to start: b cannot start");
    expect(notes.slice(3)).toEqual([
      'start a',
      'start b',
      'stop c',
      'stop b',
      'stop a',
      'dispose c',
      'dispose b',
      'dispose a',
    ]);
  });

  test('while undoing is reported beside the first one, and undoing goes on', async () => {
    const notes: string[] = [];
    const plugins = [
      noting('a', notes),
      noting('b', notes, 'start'),
      noting('c', notes, 'stop'),
      noting('d', notes, 'dispose'),
    ];
    await using test = await testEngine(plugins);
    const error = (await test.engine.start().catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/'b' failed to start[\s\S]*'c' failed to stop[\s\S]*'d' failed to dispose/);
    expect((error.cause as AggregateError).errors).toHaveLength(3);
    expect(notes.at(-1)).toBe('dispose a');
  });

  test('of stop or dispose leaves the others their turn', async () => {
    const notes: string[] = [];
    await using test = await testEngine([
      noting('a', notes),
      noting('b', notes, 'stop'),
      noting('c', notes, 'dispose'),
    ]);
    await test.engine.start();
    await expect(test.engine.stop()).rejects.toMatchObject({
      cause: { errors: [expect.any(Error), expect.any(Error)] },
    });
    expect(notes.slice(6)).toEqual(['stop c', 'stop b', 'stop a', 'dispose c', 'dispose b', 'dispose a']);
  });

  test('keeps the code and the hint of what was thrown', async () => {
    const start = () => {
      throw new NookError('unavailable', 'no disk', { hint: 'Buy one.' });
    };
    await using test = await testEngine([plugin('a', () => ({ start }))]);
    await expect(test.engine.start()).rejects.toMatchObject({ code: 'unavailable', hint: 'Buy one.' });
  });

  test('is what a setup that returns a promise is', async () => {
    await using test = await testEngine([plugin('a', async () => ({}))]);
    await expect(test.engine.start()).rejects.toThrow('it must be synchronous');
  });
});

describe('deadlines', () => {
  const never = () => new Promise<void>(() => {});

  test.each(['start', 'stop', 'dispose'] as const)(
    'a %s that does not end is given up, and its signal aborted',
    async (hook) => {
      let signal: AbortSignal | undefined;
      const hanging = (given: AbortSignal) => {
        signal = given;
        return never();
      };
      await using test = await testEngine([plugin('slow', () => ({ [hook]: hanging }), { deadlines: { [hook]: 20 } })]);
      const both = test.engine.start().then(() => test.engine.stop());
      await expect(both).rejects.toMatchObject({
        code: 'timeout',
        message: `Plugin 'slow' did not ${hook} in 0.02 s.`,
      });
      expect(signal?.aborted).toBe(true);
    },
  );

  test('a stop ends a start that is under way', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const notes: string[] = [];
    const start = () => {
      begin();
      return never();
    };
    await using test = await testEngine([plugin('a', () => ({ start, dispose: () => void notes.push('disposed') }))]);
    const starting = expect(test.engine.start()).rejects.toMatchObject({ code: 'cancelled' });
    await begun;
    await test.engine.stop();
    await starting;
    expect(notes).toEqual(['disposed']);
    await expect(test.engine.start()).rejects.toMatchObject({ code: expect.stringMatching(/cancelled|unavailable/) });
  });
});

describe('capabilities', () => {
  test('are callable from the end of setup to the beginning of dispose', async () => {
    const seen: unknown[] = [];
    const attempt = (call: () => unknown) => {
      try {
        seen.push(call());
      } catch (error) {
        seen.push((error as NookError).code);
      }
    };
    await using test = await testEngine([
      plugin('a', (context) => {
        const { add } = context.need('math');
        attempt(() => add(1, 1));
        return {
          start: () => attempt(() => add(2, 2)),
          stop: () => attempt(() => add(3, 3)),
          dispose: () => attempt(() => add(4, 4)),
        };
      }),
      plugin('b', (context) => context.provide('math', { add: (x: number, y: number) => x + y })),
    ]);
    await test.engine.start();
    await test.engine.stop();
    expect(seen).toEqual(['unavailable', 4, 6, 'unavailable']);
  });

  test('that are wanted may be absent, and say so', async () => {
    let handle: LooseContext;
    await using test = await testEngine([
      plugin('a', (context) => {
        handle = context.want('privileged');
      }),
    ]);
    await test.engine.start();
    expect(handle.available).toBe(false);
    expect(() => handle.tap()).toThrow("'privileged' cannot be called: no plugin provides it");
    expect(await handle).toBe(handle);
  });
});

describe('a degradable plugin', () => {
  const methods = (context: LooseContext) => {
    context.provide('extra', { use: () => 'used' });
    return {};
  };

  test.each([
    [
      'fails in setup',
      'failed',
      () => {
        throw new Error('no tap');
      },
      {},
    ],
    [
      'fails in start',
      'failed',
      methods,
      {
        start: () => {
          throw new Error('no tap');
        },
      },
    ],
    ['says in start that it does not serve', 'degraded', methods, { start: () => ({ degraded: 'no tap' }) }],
  ])('that %s leaves the daemon running', async (_, state, setup, hooks) => {
    let handle: LooseContext;
    await using test = await testEngine([
      plugin('user', (context) => {
        handle = context.need('extra');
      }),
      plugin('extra', (context) => ({ ...(setup as typeof methods)(context), ...hooks }), { degradable: true }),
    ]);
    await test.engine.start();
    expect((await test.call('daemon.status')).state).toBe('degraded');
    const { plugins } = await test.call('plugin.list');
    expect(plugins[0]).toMatchObject({ name: 'extra', state, reason: expect.stringContaining('no tap') });
    expect(() => handle.use()).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});

test('two engines in one process share nothing', async () => {
  const counter = () =>
    plugin('counter', (context) => {
      context.store.migrate([{ name: 'a', sql: 'CREATE TABLE counter_n (n INTEGER) STRICT' }]);
      return { start: () => context.store.run('INSERT INTO counter_n VALUES (1)') };
    });
  await using one = await testEngine([counter()], { listen: true });
  await using two = await testEngine([counter()], { listen: true });
  await Promise.all([one.engine.start(), two.engine.start()]);
  expect((await one.call('daemon.status')).dirs.state).not.toBe((await two.call('daemon.status')).dirs.state);
  await one.engine.stop();
  expect((await two.call('plugin.list')).plugins).toHaveLength(1);
});

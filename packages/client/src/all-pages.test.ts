import { NookError } from '@nook/daemonapi';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allPages } from './all-pages.ts';

interface Asked {
  readonly limit?: number;
  readonly after?: number;
}

const tooLong = () => new NookError('operation_failed', 'too long', { details: { max_bytes: 1 } });

/** Answers numbers below `size`, as a daemon whose answers hold at most `room` of them. */
function daemon(size: number, room = Number.POSITIVE_INFINITY) {
  const asked: Asked[] = [];
  const ask = async (params: object) => {
    const { limit = size, after = -1 } = params as Asked;
    asked.push(params);
    const page = Array.from({ length: Math.min(limit, size - after - 1) }, (_, n) => after + 1 + n);
    if (page.length > room) throw tooLong();
    return { numbers: page };
  };
  return { ask, asked };
}

test('every item once and in order, however many there are, wanted, and fit into an answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5000 }),
      fc.option(fc.integer({ min: 1, max: 6000 }), { nil: undefined }),
      fc.integer({ min: 1, max: 2000 }),
      async (size, limit, room) => {
        const items = await allPages(daemon(size, room).ask, limit === undefined ? {} : { limit });
        expect(items).toEqual(Array.from({ length: Math.min(size, limit ?? size) }, (_, n) => n));
      },
    ),
    { numRuns: 50 },
  );
});

test('what fits into one page is one call', async () => {
  const { ask, asked } = daemon(249);
  await allPages(ask, {});
  expect(asked).toEqual([{ limit: 250 }]);
});

test('an item that does not fit by itself is an error', async () => {
  await expect(allPages(daemon(3, 0).ask, {})).rejects.toMatchObject({ code: 'operation_failed' });
});

test('a daemon that knows no pages is asked for all at once, with the words of the caller', async () => {
  const asked: object[] = [];
  const items = await allPages(
    async (params) => {
      asked.push(params);
      if ('limit' in params) throw new NookError('bad_params', 'limit: Unknown key');
      return ['a', 'b'];
    },
    { state: 'running' } as object,
  );
  expect(items).toEqual(['a', 'b']);
  expect(asked).toEqual([{ state: 'running', limit: 250 }, { state: 'running' }]);
});

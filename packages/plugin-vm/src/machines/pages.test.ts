import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pages } from './pages.ts';

const machine = (created_at: number, id: string) => ({ record: { created_at, id } });

test('pages of any size are the whole list, in order and once', () => {
  const places = fc.uniqueArray(fc.tuple(fc.nat(5), fc.string({ minLength: 1, maxLength: 3 })), {
    selector: ([, id]) => id,
  });
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 10 }), (all, limit) => {
      const pages = new Pages();
      const machines = all.map(([created, id]) => machine(created, id));
      const whole = pages.page(machines, {});
      expect(new Set(whole)).toEqual(new Set(machines));
      const told = [];
      for (let page = pages.page(machines, { limit }); page.length > 0; ) {
        told.push(...page);
        page = pages.page(machines, { limit, after: (page.at(-1) as (typeof machines)[number]).record });
      }
      expect(told).toEqual(whole);
    }),
  );
});

test('pages of what is wanted are as long as was asked for, and hold all of it', () => {
  const pages = new Pages<ReturnType<typeof machine>>();
  const all = Array.from({ length: 10 }, (_, index) => machine(index, `id${index}`));
  const even = (each: ReturnType<typeof machine>) => each.record.created_at % 2 === 0;
  const first = pages.page(all, { limit: 3 }, even);
  expect(first.map(({ record }) => record.id)).toEqual(['id0', 'id2', 'id4']);
  const second = pages.page(all, { limit: 3, after: (first.at(-1) as (typeof all)[number]).record }, even);
  expect(second.map(({ record }) => record.id)).toEqual(['id6', 'id8']);
  expect(pages.page(all, {}, even)).toHaveLength(5);
});

test('what is created and removed between two pages changes nothing about the others', () => {
  const pages = new Pages();
  const [a, b, c, d] = [machine(1, 'a'), machine(1, 'b'), machine(2, 'c'), machine(3, 'd')];
  expect(pages.page([a, b, c], { limit: 2 })).toEqual([a, b]);
  expect(pages.page([a, c, d], { limit: 2, after: b.record })).toEqual([c, d]);
});

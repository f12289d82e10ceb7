import { expect, test } from 'vitest';
import { TurnGroup, turns } from './turns.ts';

/** Takes part until `count` steps are done, each of which takes a moment. */
function join(group: TurnGroup, count: number, onStep: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    turns.join(group, () => {
      const end = performance.now() + 0.02;
      while (performance.now() < end);
      onStep();
      left--;
      if (left === 0) resolve();
      return left > 0;
    });
  });
}

test('whoever comes anew is served in the next turn, however much others have waiting', async () => {
  const order: string[] = [];
  const greedy = new TurnGroup();
  const many = Array.from({ length: 500 }, () => join(greedy, 2, () => order.push('greedy')));
  await new Promise(setImmediate);
  await join(new TurnGroup(), 1, () => order.push('modest'));
  expect(order.indexOf('modest')).toBeLessThan(20);
  await Promise.all(many);
  expect(order).toHaveLength(1001);
});

test('many callers that all have much waiting are served alike', async () => {
  const served = new Array<number>(10).fill(0);
  const ends = served.map((_, at) => join(new TurnGroup(), 200, () => (served[at] = (served[at] ?? 0) + 1)));
  await Promise.race(ends);
  expect(Math.min(...served)).toBeGreaterThan(100);
  await Promise.all(ends);
});

test('the connections of one caller take turns among themselves', async () => {
  const group = new TurnGroup();
  const served = [0, 0, 0];
  const ends = served.map((_, at) => join(group, 100, () => (served[at] = (served[at] ?? 0) + 1)));
  await Promise.race(ends);
  expect(Math.min(...served)).toBeGreaterThan(50);
  await Promise.all(ends);
});

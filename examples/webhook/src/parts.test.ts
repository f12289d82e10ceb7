import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';
import { afterFailure, type Breaker, CLOSED, stateOf, waitOf } from './breaker.ts';
import { BoundedQueue } from './queue.ts';

describe('backoff', () => {
  const backoff = { firstMs: 100, maxMs: 5000 };

  test('doubles up to its limit', () => {
    const full = [1, 2, 3, 6, 7, 50].map((failures) => backoffMs(backoff, failures, 1));
    expect(full).toEqual([100, 200, 400, 3200, 5000, 5000]);
  });

  test('is spread over its second half', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const wait = backoffMs(backoff, failures, random);
        const full = backoffMs(backoff, failures, 1);
        expect(wait).toBeGreaterThanOrEqual(full / 2);
        expect(wait).toBeLessThanOrEqual(full);
      }),
    );
  });
});

describe('breaker', () => {
  const options = { failures: 3, openMs: 1000 };
  const failed = (times: number, now = 0) => {
    let breaker: Breaker = CLOSED;
    for (let count = 0; count < times; count++) breaker = afterFailure(breaker, options, now);
    return breaker;
  };

  test('opens after so many failures in a row, and lets one through when its time is over', () => {
    expect(stateOf(failed(2), 0)).toBe('closed');
    expect(waitOf(failed(2), 0)).toBe(0);
    expect(stateOf(failed(3), 0)).toBe('open');
    expect(waitOf(failed(3), 400)).toBe(600);
    expect(stateOf(failed(3), 1000)).toBe('half_open');
    expect(waitOf(failed(3), 5000)).toBe(0);
  });

  test('opens again with one failure when it was half open', () => {
    const again = afterFailure(failed(3), options, 1500);
    expect(stateOf(again, 1600)).toBe('open');
    expect(waitOf(again, 1600)).toBe(900);
  });
});

test('the queue is a queue that forgets its oldest', () => {
  const command = fc.oneof(fc.nat({ max: 99 }), fc.constant('shift' as const), fc.constant('clear' as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(command, { maxLength: 60 }), (limit, commands) => {
      const queue = new BoundedQueue<number>(limit);
      let model: number[] = [];
      for (const step of commands) {
        if (step === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (step === 'clear') {
          expect(queue.clear()).toBe(model.length);
          model = [];
        } else {
          expect(queue.push(step)).toBe(model.length >= limit ? model.shift() : undefined);
          model.push(step);
        }
        expect([queue.size, queue.head]).toEqual([model.length, model[0]]);
      }
    }),
  );
});

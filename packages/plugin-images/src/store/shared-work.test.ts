import type { Progress } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { SharedWork } from './shared-work.ts';

function waiter() {
  const controller = new AbortController();
  const seen: Progress[] = [];
  return { controller, seen, signal: controller.signal, progress: (progress: Progress) => void seen.push(progress) };
}

/** Work that ends when told, and says when it was cancelled. */
function scripted() {
  const answer = Promise.withResolvers<string>();
  const report = Promise.withResolvers<(progress: Progress) => void>();
  const state = { begun: 0, cancelled: false };
  const begin = (signal: AbortSignal, progress: (progress: Progress) => void) => {
    state.begun += 1;
    report.resolve(progress);
    signal.addEventListener('abort', () => {
      state.cancelled = true;
      answer.reject(signal.reason);
    });
    return answer.promise;
  };
  return { begin, answer, report: report.promise, state };
}

test('those who ask at the same time share one work and all see its progress', async () => {
  const shared = new SharedWork<string>();
  const work = scripted();
  const [first, second] = [waiter(), waiter()];
  const one = shared.join('a', first, work.begin);
  (await work.report)({ stage: 'download' });
  const two = shared.join('a', second, work.begin);
  work.answer.resolve('done');
  expect(await Promise.all([one, two])).toEqual(['done', 'done']);
  expect(work.state.begun).toBe(1);
  expect([first.seen, second.seen]).toEqual([[{ stage: 'download' }], [{ stage: 'download' }]]);
});

test('the work goes on while somebody waits, and is cancelled when the last has gone', async () => {
  const shared = new SharedWork<string>();
  const work = scripted();
  const [first, second] = [waiter(), waiter()];
  const one = shared.join('a', first, work.begin);
  const two = shared.join('a', second, work.begin);
  await work.report;
  first.controller.abort();
  await expect(one).rejects.toMatchObject({ code: 'cancelled' });
  expect(work.state.cancelled).toBe(false);
  second.controller.abort();
  await expect(two).rejects.toMatchObject({ code: 'cancelled' });
  expect(work.state.cancelled).toBe(true);
});

test('who comes while cancelled work still cleans up gets work of their own, after it', async () => {
  const shared = new SharedWork<string>();
  const cleaning = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const first = waiter();
  const one = shared.join('a', first, () => {
    begun.resolve();
    return cleaning.promise;
  });
  await begun.promise;
  first.controller.abort();
  await expect(one).rejects.toMatchObject({ code: 'cancelled' });
  let order = 'second before the first had ended';
  const two = shared.join('a', waiter(), async () => order);
  order = 'second after the first';
  cleaning.reject(new Error('ended'));
  expect(await two).toBe('second after the first');
});

test('after a stop, work is cancelled and refused', async () => {
  const shared = new SharedWork<string>();
  const work = scripted();
  const one = expect(shared.join('a', waiter(), work.begin)).rejects.toMatchObject({ code: 'unavailable' });
  await work.report;
  await shared.stop();
  await one;
  await expect(shared.join('a', waiter(), work.begin)).rejects.toMatchObject({ code: 'unavailable' });
});

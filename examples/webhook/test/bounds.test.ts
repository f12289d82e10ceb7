import { expect, test } from 'vitest';
import { Receiver } from './receiver.ts';
import { publish, statsWhen, webhookDaemon } from './webhook-daemon.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test('a full queue drops its oldest events, counts them, and keeps the order of the others', async () => {
  await using slow = await Receiver.create('hang');
  await using next = await Receiver.create();
  await using daemon = await webhookDaemon({ url: slow.url(), queue: 10, timeout_seconds: 60 });
  publish(daemon, 0);
  await slow.until(1);
  publish(daemon, ...upTo(50).slice(1));
  expect(await daemon.call('webhook.stats', {})).toMatchObject({ queued: 11, dropped: 39, delivered: 0, skipped: 0 });
  await daemon.call('webhook.set', { url: next.url() });
  await next.until(11);
  expect(next.numbers).toEqual([0, ...upTo(50).slice(40)]);
});

test('every event is counted once, whatever becomes of it', async () => {
  await using receiver = await Receiver.create();
  const answers = upTo(60).map((index) => ([200, 500, 404, 503, 'reset', 200] as const)[(index * 7) % 6] as number);
  receiver.answer(answers);
  await using daemon = await webhookDaemon({ queue: 20, attempts: 2, breaker_failures: 3, breaker_seconds: 0.01 });
  publish(daemon, ...upTo(5));
  await daemon.call('webhook.set', { url: receiver.url() });
  publish(daemon, ...upTo(40));
  await statsWhen(daemon, ({ queued }) => queued === 0);
  publish(daemon, ...upTo(10));
  const { delivered, dropped, skipped } = await statsWhen(daemon, ({ queued }) => queued === 0);
  expect(skipped).toBe(5);
  expect(delivered + dropped).toBe(50);
  expect(delivered).toBeGreaterThan(0);
});

test('a stop delivers what waits', async () => {
  await using receiver = await Receiver.create();
  const daemon = await webhookDaemon({ url: receiver.url() });
  publish(daemon, ...upTo(30));
  await daemon[Symbol.asyncDispose]();
  expect(receiver.numbers).toEqual(upTo(30));
});

test.each([
  ['refuses connections', 'reset', 0.01],
  ['fails', 500, 3600],
] as const)('a stop does not wait for a receiver that %s, and says what is lost', async (_, answer, backoff) => {
  await using receiver = await Receiver.create(answer);
  const daemon = await webhookDaemon({ url: receiver.url(), backoff_seconds: backoff, max_backoff_seconds: 7200 });
  publish(daemon, 1, 2, 3);
  await receiver.until(1);
  await statsWhen(daemon, ({ last_error }) => last_error !== undefined);
  await daemon.stop();
  const log = await daemon.log();
  expect(log.find(({ msg }) => String(msg).startsWith('events were dropped'))).toMatchObject({ events: 3 });
  await daemon[Symbol.asyncDispose]();
});

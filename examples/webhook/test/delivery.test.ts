import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { Receiver } from './receiver.ts';
import { publish, SECRET, statsWhen, webhookDaemon } from './webhook-daemon.ts';

test('selected events arrive signed, each once and in order, with all that they say', async () => {
  await using receiver = await Receiver.create();
  await using daemon = await webhookDaemon({ url: receiver.url(), topics: ['demo.*', 'demo.**'] });
  daemon.events.publish('other.thing', { n: 99 });
  publish(daemon, 1, 2);
  daemon.events.publish('demo.thing.part', { n: 3 });
  const received = await receiver.until(3);
  expect(receiver.numbers).toEqual([1, 2, 3]);
  for (const { headers, body } of received) {
    const { id, seq, topic, at } = JSON.parse(body);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-nook-delivery': id,
      'x-nook-topic': topic,
    });
    expect(topic).toMatch(/^demo\.thing/);
    expect([seq, at]).toEqual([expect.any(Number), expect.any(Number)]);
    const timestamp = headers['x-nook-timestamp'] as string;
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
    const signature = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
    expect(headers['x-nook-signature']).toBe(`sha256=${signature}`);
  }
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 3)).toEqual({
    target: `http://127.0.0.1:${receiver.port}`,
    breaker: 'closed',
    queued: 0,
    delivered: 3,
    dropped: 0,
    skipped: 0,
    last_delivered_at: expect.any(Number),
  });
});

test.each([503, 429, 408, 'reset'] as const)('%s is tried again, as the same delivery', async (answer) => {
  await using receiver = await Receiver.create();
  receiver.answer([answer, answer]);
  await using daemon = await webhookDaemon({ url: receiver.url() });
  publish(daemon, 1, 2);
  const received = await receiver.until(4);
  expect(receiver.numbers).toEqual([1, 1, 1, 2]);
  expect(new Set(received.slice(0, 3).map(({ headers }) => headers['x-nook-delivery'])).size).toBe(1);
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 2)).toMatchObject({ dropped: 0, queued: 0 });
});

test.each([400, 404, 410, 302])(
  'status %i is a refusal: that event is dropped, the next one delivered',
  async (status) => {
    await using receiver = await Receiver.create();
    receiver.answer([status]);
    await using daemon = await webhookDaemon({ url: receiver.url() });
    publish(daemon, 1, 2);
    await receiver.until(2);
    expect(receiver.numbers).toEqual([1, 2]);
    expect(await statsWhen(daemon, ({ delivered }) => delivered === 1)).toMatchObject({ dropped: 1, queued: 0 });
  },
);

test('an event is given up after all its attempts, and the next one is tried', async () => {
  await using receiver = await Receiver.create();
  receiver.answer([500, 500, 500]);
  await using daemon = await webhookDaemon({ url: receiver.url(), attempts: 3, breaker_failures: 100 });
  publish(daemon, 1, 2);
  await receiver.until(4);
  expect(receiver.numbers).toEqual([1, 1, 1, 2]);
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 1)).toMatchObject({ dropped: 1 });
});

test('a receiver that does not answer in time is tried again', async () => {
  await using receiver = await Receiver.create();
  receiver.answer(['hang']);
  await using daemon = await webhookDaemon({ url: receiver.url(), timeout_seconds: 0.05 });
  publish(daemon, 1);
  await receiver.until(2);
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 1)).toMatchObject({ dropped: 0 });
});

test('a failing receiver is left alone for a while, told by the doctor, and found again when it is back', async () => {
  const gone = await Receiver.create();
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  await using daemon = await webhookDaemon({
    url: `http://127.0.0.1:${port}/hook`,
    attempts: 100,
    breaker_failures: 3,
    breaker_seconds: 0.3,
  });
  publish(daemon, 1, 2);
  const open = await statsWhen(daemon, ({ breaker }) => breaker === 'open');
  expect(open).toMatchObject({
    queued: 2,
    delivered: 0,
    dropped: 0,
    last_error: expect.stringContaining('ECONNREFUSED'),
  });
  const { findings } = await daemon.doctor();
  expect(findings.find(({ check }) => check === 'webhook.receiver')).toMatchObject({
    status: 'error',
    evidence: expect.stringContaining('ECONNREFUSED'),
    repair: expect.stringContaining('nook webhook set'),
  });
  await using back = await Receiver.create(200, port);
  await back.until(2);
  expect(back.numbers).toEqual([1, 2]);
  const closed = await statsWhen(daemon, ({ delivered }) => delivered === 2);
  expect(closed).toMatchObject({ breaker: 'closed', queued: 0 });
  expect(closed).not.toHaveProperty('last_error');
});

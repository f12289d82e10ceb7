import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestDaemon } from '@nook/testkit';
import { expect, test } from 'vitest';
import { webhook } from '../src/plugin.ts';
import { Receiver } from './receiver.ts';
import { publish, SECRET, statsWhen, webhookDaemon } from './webhook-daemon.ts';

test('a new URL takes over at once, with the event that hangs at the old one and those behind it', async () => {
  await using old = await Receiver.create('hang');
  await using next = await Receiver.create();
  await using daemon = await webhookDaemon({ url: old.url(), timeout_seconds: 60 });
  publish(daemon, 1, 2, 3);
  await old.until(1);
  expect(await daemon.call('webhook.set', { url: next.url('/other?key=1') })).toMatchObject({
    target: new URL(next.url()).origin,
  });
  const received = await next.until(3);
  expect(next.numbers).toEqual([1, 2, 3]);
  expect(received[0]?.path).toBe('/other?key=1');
  expect(received[0]?.headers['x-nook-delivery']).toBe(old.received[0]?.headers['x-nook-delivery']);
  expect(old.received).toHaveLength(1);
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 3)).toMatchObject({ dropped: 0, queued: 0 });
});

test('a new URL is tried at once, whatever the breaker thought of the old one', async () => {
  await using old = await Receiver.create(500);
  await using next = await Receiver.create();
  await using daemon = await webhookDaemon({ url: old.url(), breaker_failures: 1, breaker_seconds: 3600 });
  publish(daemon, 1);
  await statsWhen(daemon, ({ breaker }) => breaker === 'open');
  await daemon.call('webhook.set', { url: next.url() });
  await next.until(1);
  expect(await statsWhen(daemon, ({ delivered }) => delivered === 1)).toMatchObject({ breaker: 'closed' });
});

test('events that come while there is no URL are skipped', async () => {
  await using receiver = await Receiver.create();
  await using daemon = await webhookDaemon();
  publish(daemon, 1, 2);
  expect(await daemon.call('webhook.stats', {})).toMatchObject({ target: null, skipped: 2, queued: 0, delivered: 0 });
  await daemon.call('webhook.set', { url: receiver.url() });
  publish(daemon, 3);
  await receiver.until(1);
  expect(receiver.numbers).toEqual([3]);
  await daemon.call('webhook.set', { url: null });
  publish(daemon, 4);
  expect(await daemon.call('webhook.stats', {})).toMatchObject({ target: null, skipped: 3 });
});

test('what was set last counts after a restart, before the config', async () => {
  await using configured = await Receiver.create();
  await using set = await Receiver.create();
  const home = await mkdtemp(join(tmpdir(), 'nook-'));
  try {
    {
      await using daemon = await webhookDaemon({ url: configured.url() }, home);
      await daemon.call('webhook.set', { url: set.url() });
    }
    await using daemon = await webhookDaemon({ url: configured.url() }, home);
    publish(daemon, 1);
    await set.until(1);
    expect(configured.received).toEqual([]);
  } finally {
    await rm(home, { recursive: true });
  }
});

test('without a key nothing is delivered, and a URL is refused', async () => {
  await using daemon = await startTestDaemon({ plugins: [webhook] });
  const refused = { code: 'unavailable', hint: expect.stringContaining("'secret'") };
  await expect(daemon.call('webhook.set', { url: 'http://127.0.0.1:1/' })).rejects.toMatchObject(refused);
  const config = { webhook: { url: 'http://127.0.0.1:1/' } };
  await expect(startTestDaemon({ plugins: [webhook], config })).rejects.toThrow(
    /webhook\.secret: .*every delivery is signed/,
  );
});

test('a changed config takes over the URL and the key, and says what waits for a restart', async () => {
  await using old = await Receiver.create('hang');
  await using next = await Receiver.create();
  await using daemon = await webhookDaemon({ url: old.url(), timeout_seconds: 60 });
  publish(daemon, 1);
  await old.until(1);
  const secret = 'another secret of the tests';
  const report = await daemon.reload({
    webhook: { url: next.url(), secret, topics: ['demo.*', 'other.*'], attempts: 2 },
  });
  expect(report.restart_needed.every((key) => key.startsWith('webhook.topics'))).toBe(true);
  expect(report.restart_needed).not.toEqual([]);
  expect(report.applied).toEqual(expect.arrayContaining(['webhook.url', 'webhook.secret', 'webhook.attempts']));
  const [received] = await next.until(1);
  const timestamp = received?.headers['x-nook-timestamp'];
  const signature = createHmac('sha256', secret).update(`${timestamp}.${received?.body}`).digest('hex');
  expect(received?.headers['x-nook-signature']).toBe(`sha256=${signature}`);
  await daemon.reload({});
  expect(await daemon.call('webhook.stats', {})).toMatchObject({ target: null });
});

test.each(['ftp://example.org/', 'example.org', ''])("'%s' is not taken for a URL", async (url) => {
  await using daemon = await webhookDaemon();
  await expect(daemon.call('webhook.set', { url })).rejects.toMatchObject({ code: 'bad_params' });
});

test('key, path and query appear neither in the log nor in what anybody is told', async () => {
  await using receiver = await Receiver.create(500);
  await using daemon = await webhookDaemon({ attempts: 2, breaker_failures: 1, breaker_seconds: 0.01 });
  const told = [await daemon.call('webhook.set', { url: receiver.url('/very-private?token=hidden') })];
  publish(daemon, 1);
  told.push(await statsWhen(daemon, ({ dropped }) => dropped === 1));
  const text = JSON.stringify([told, await daemon.doctor(), await daemon.log()]);
  expect(text).toContain(String(receiver.port));
  for (const secret of [SECRET, 'very-private', 'hidden']) expect(text).not.toContain(secret);
});

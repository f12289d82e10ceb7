import { expect, test } from 'vitest';
import { Session } from './session.ts';
import { TestClient } from './sessions.fixture.ts';

const ignore = () => {};
const peer = { stdin: ignore, stdinEnd: ignore, signal: ignore, resize: ignore, credit: ignore };
const newSession = () =>
  new Session({ id: '1', token: 't', argv: ['say'], startedAt: 0, holdForClient: false, pty: false }, peer);

test('any number read along, from the beginning to the end, and the client misses nothing', async () => {
  const session = newSession();
  session.output(1, Buffer.from('one '));
  const first = await TestClient.observe(session, true);
  const client = await TestClient.attach(session);
  session.output(2, Buffer.from('two '));
  const second = await TestClient.observe(session, true);
  session.output(1, Buffer.from('three'));
  session.finish({ code: 7 });
  for (const each of [first, client, second]) {
    await each.until(({ end }) => end !== undefined);
    expect([each.text, each.end]).toEqual(['one two three', { code: 7 }]);
  }
  const late = await TestClient.observe(session, true);
  await late.until(({ end }) => end !== undefined);
  expect(late.text).toBe('one two three');
});

test('one that does not follow is done with what there is', async () => {
  const session = newSession();
  session.output(1, Buffer.from('one'));
  const reader = await TestClient.observe(session, false);
  session.output(1, Buffer.from('two'));
  await reader.closed;
  expect([reader.text, reader.end]).toEqual(['one', undefined]);
});

test('nothing waits for one that does not read: what it missed is a gap', async () => {
  const session = newSession();
  const reader = await TestClient.observe(session, true);
  const piece = Buffer.alloc(65_536, 'x');
  const sent = 200;
  // All of it comes before any of it can be read.
  for (let count = 0; count < sent; count++) session.output(1, piece);
  session.finish({ code: 0 });
  await reader.until(({ end }) => end !== undefined);
  const [, gap] = /\[(\d+)\]/.exec(reader.text) ?? [];
  expect(Number(gap)).toBeGreaterThan(0);
  expect(reader.text.replace(/\[\d+\]/, '').length + Number(gap)).toBe(sent * piece.length);
});

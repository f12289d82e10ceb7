import { expect, it } from 'vitest';
import { Session } from './session.ts';
import { TestClient } from './sessions.fixture.ts';

const WINDOW = 262_144;
const LINE = Buffer.from(`${'l'.repeat(999)}\n`);

it('credits output in few large amounts, and long before the window is used up', async () => {
  const credits: number[] = [];
  const ignore = () => {};
  const session = new Session(
    { id: '1', token: 't', argv: ['yes'], startedAt: 0, holdForClient: true, pty: false },
    {
      stdin: ignore,
      stdinEnd: ignore,
      signal: ignore,
      resize: ignore,
      credit: (_stream, bytes) => credits.push(bytes),
    },
  );
  const client = await TestClient.attach(session);
  const credited = () => credits.reduce((sum, bytes) => sum + bytes, 0);
  for (let sent = 0; sent < 4 * WINDOW; ) {
    session.output(1, LINE);
    sent += LINE.length;
    await client.until(({ text }) => text.length === sent);
    expect(sent - credited()).toBeLessThan(WINDOW / 2);
  }
  expect(credits.length).toBeLessThanOrEqual(16);
});

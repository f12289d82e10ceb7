import type { Logger } from '@nook/daemonapi';
import { describe, expect, it, vi } from 'vitest';
import { AttachFrame } from '../attach-protocol.ts';
import type { Session } from './session.ts';
import { SessionTable } from './session-table.ts';
import { LocalGuest, TestClient } from './sessions.fixture.ts';

const say = () => {};
const log: Logger = { trace: say, debug: say, info: say, warn: say, error: say };

function tableOf(guest: LocalGuest, options: { autoRemove?: boolean; onOver?: () => void; keepEndedMs?: number } = {}) {
  const { autoRemove = false, ...others } = options;
  return new SessionTable(() => guest.channel, { autoRemove: () => autoRemove, onOver: say, log, ...others });
}

const sh = (script: string) => ({ argv: ['sh', '-c', script] });

function ended(session: Session): Promise<void> {
  const before = session.onEnd;
  return new Promise((resolve) => {
    session.onEnd = () => {
      before();
      resolve();
    };
  });
}

describe('a session whose client is lost', () => {
  it('runs on, and gives a later client what came after its offset', async () => {
    await using guest = new LocalGuest();
    const session = tableOf(guest).start(sh('echo first; read line; echo "got $line"; exit 3'));
    const first = await TestClient.attach(session);
    await first.until(({ text }) => text === 'first\n');
    await first.lose(session);
    const second = await TestClient.attach(session, 'first\n'.length);
    second.send(AttachFrame.Stdin, Buffer.from('word\n'));
    await second.until(({ end }) => end !== undefined);
    expect(second).toMatchObject({ text: 'got word\n', end: { code: 3 } });
  });

  it('tells a later client how much of its output was dropped, and how much of its input was taken', async () => {
    await using guest = new LocalGuest();
    const session = tableOf(guest).start(sh('read line; head -c 3000000 /dev/zero; echo; echo end; sleep 1000'));
    const first = await TestClient.attach(session);
    first.send(AttachFrame.Stdin, Buffer.from('go\n'));
    await first.until(({ text }) => text.length > 0);
    await first.lose(session);
    const total = 3_000_000 + '\nend\n'.length;
    // It is told of by nothing: with nobody attached the output just goes on.
    while (session.view().output_bytes !== total) await new Promise((resolve) => setImmediate(resolve));
    expect(session.describeAttach()).toMatchObject({ stdin_taken: 3, state: 'running', pty: false });
    const second = await TestClient.attach(session);
    await second.until(({ text }) => text.endsWith('end\n'));
    const gap = Number(/^\[(\d+)\]/.exec(second.text)?.[1]);
    expect(gap).toBeGreaterThan(2_000_000);
    expect(gap + second.text.length - `[${gap}]`.length).toBe(total);
    expect(session.view().output_from).toBe(gap);
    session.signal(9);
    await second.until(({ end }) => end !== undefined);
    expect(second.end).toEqual({ signal: 9 });
  });

  it('is hung up when it was begun so', async () => {
    await using guest = new LocalGuest();
    const session = tableOf(guest).start({ ...sh('echo up; exec sleep 1000'), on_disconnect: 'kill' });
    const over = ended(session);
    const client = await TestClient.attach(session);
    await client.until(({ text }) => text === 'up\n');
    await client.lose(session);
    await over;
    expect(session.end).toEqual({ signal: 1 });
  });

  it('ends a machine that is there for it alone', async () => {
    await using guest = new LocalGuest();
    let over = 0;
    const table = tableOf(guest, { autoRemove: true, onOver: () => over++ });
    const session = table.start(sh('echo up; exec sleep 1000'));
    const client = await TestClient.attach(session);
    await client.until(({ text }) => text === 'up\n');
    await client.lose(session);
    expect(over).toBe(1);
  });

  it('ends no machine when it was an attendant, which holds off the end of one that waits for its session', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await using guest = new LocalGuest();
      let over = 0;
      const table = tableOf(guest, { autoRemove: true, onOver: () => over++ });
      table.expectFirst(0);
      const session = table.start({ ...sh('echo up; exec sleep 1000'), attendant: true });
      const client = await TestClient.attach(session);
      await client.until(({ text }) => text === 'up\n');
      vi.advanceTimersByTime(100_000);
      await client.lose(session);
      const end = ended(session);
      session.signal(9);
      await end;
      expect(over).toBe(0);
      vi.advanceTimersByTime(100_000);
      expect(over).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('signals', () => {
  it('reach the whole process group, also with nobody attached', async () => {
    await using guest = new LocalGuest();
    const session = tableOf(guest).start({ ...sh('sleep 1000 | sleep 1000'), detach: true });
    const over = ended(session);
    session.signal(15);
    await over;
    expect(session.end).toEqual({ signal: 15 });
    expect(() => session.signal(15)).toThrow('has ended');
  });
});

describe('ended sessions', () => {
  it('are forgotten when their end was told', async () => {
    await using guest = new LocalGuest();
    const table = tableOf(guest);
    const session = table.start(sh('exit 4'));
    const client = await TestClient.attach(session);
    await client.until(({ end }) => end !== undefined);
    await session.clientGone;
    expect(table.all()).toEqual([]);
  });

  it('are kept for who comes later, no more than 64 of them', async () => {
    await using guest = new LocalGuest();
    const table = tableOf(guest);
    const sessions = Array.from({ length: 70 }, () => table.start({ ...sh('exit 5'), detach: true }));
    const running = table.start({ ...sh('exec sleep 1000'), detach: true });
    await Promise.all(sessions.map(ended));
    expect(table.listed().filter(({ end }) => end !== undefined)).toHaveLength(64);
    expect(table.listed()).toContain(running);
    expect(() => table.get('1')).toThrow('no session');
    expect(table.get('70').view()).toMatchObject({ state: 'exited', exit_code: 5, ended_at: expect.any(Number) });
    running.signal(9);
    await ended(running);
  });

  it('are kept for a time, and as long as somebody reads', async () => {
    await using guest = new LocalGuest();
    const table = tableOf(guest, { keepEndedMs: 1 });
    const session = table.start({ ...sh('exit 5'), detach: true });
    await ended(session);
    while (table.all().length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(() => table.get('1')).toThrow('no session');
  });

  it('of copies are not kept, nor are copies listed', async () => {
    await using guest = new LocalGuest();
    const table = tableOf(guest);
    const session = table.copy({ direction: 'out', path: '/etc/hostname' });
    expect(table.listed()).toEqual([]);
    const client = await TestClient.attach(session);
    await client.until(({ end }) => end !== undefined);
    await session.clientGone;
    expect(table.all()).toEqual([]);
    const abandoned = table.copy({ direction: 'into', path: '/no/such/place' });
    const over = ended(abandoned);
    const lost = await TestClient.attach(abandoned);
    await lost.lose(abandoned);
    await over;
    expect(abandoned.end).toEqual({ code: 1 });
    expect(table.all()).toEqual([]);
  });
});

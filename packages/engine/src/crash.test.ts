import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RpcClient } from '@nook/wire';
import { expect, test } from 'vitest';
import { daemonProcess } from './daemon-process.fixture.ts';
import { tempDir } from './engine.fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into it
type Answer = any;

const start = async (home: string, env: NodeJS.ProcessEnv = {}) => {
  const daemon = daemonProcess(import.meta.resolve('./crash-daemon.fixture.ts'), { NOOK_HOME: home, ...env });
  const said = await daemon.ready();
  if (said.ready !== true) throw new Error(JSON.stringify(said));
  const client = await RpcClient.connect(join(home, 'run', 'nookd.sock'));
  return {
    daemon,
    call: (method: string, params: object = {}, options = {}): Promise<Answer> => client.call(method, params, options),
  };
};

test('kill -9 in the middle of operations: begun ones are told as interrupted, ended ones as they ended', async () => {
  await using dir = await tempDir();
  const first = await start(dir.path);
  await first.call('crash.work.begin', {}, { opId: 'op-cut', idempotencyKey: 'cut' });
  await first.call('crash.quick', { n: 3 }, { opId: 'op-done', idempotencyKey: 'done' });
  const waiting = first.call('op.wait', { op_id: 'op-cut' }).catch((error: unknown) => error);
  await expect.poll(async () => (await first.call('op.status', { op_id: 'op-cut' })).stages.length).toBe(1);
  first.daemon.child.kill('SIGKILL');
  expect(await waiting).toMatchObject({ code: 'outcome_unknown' });
  await first.daemon.exit();

  const next = await start(dir.path);
  await using _ = next.daemon;
  expect(await next.call('op.status', { op_id: 'op-cut' })).toMatchObject({
    state: 'interrupted',
    stages: [{ stage: 'halfway' }],
    error: { code: 'outcome_unknown' },
  });
  expect(await next.call('op.status', { op_id: 'op-done' })).toMatchObject({ state: 'succeeded', result: { n: 3 } });
  expect(await next.call('crash.quick', { n: 3 }, { idempotencyKey: 'done' })).toEqual({ n: 3 });
  await expect(next.call('crash.work', {}, { idempotencyKey: 'cut' })).rejects.toMatchObject({
    code: 'outcome_unknown',
    details: { op_id: 'op-cut' },
  });
});

test('kill -9 in the middle of a call: its key says that the outcome is unknown, never that it may be done again', async () => {
  await using dir = await tempDir();
  const first = await start(dir.path);
  await first.call('crash.put', { n: 1 }, { idempotencyKey: 'one' });
  first.call('crash.hang', { n: 2 }, { idempotencyKey: 'two', opId: 'op-two' }).catch(() => {});
  await expect.poll(() => first.call('crash.rows')).toEqual([1, 2]);
  first.daemon.child.kill('SIGKILL');
  await first.daemon.exit();

  const next = await start(dir.path);
  await using _ = next.daemon;
  await expect(next.call('crash.hang', { n: 2 }, { idempotencyKey: 'two' })).rejects.toMatchObject({
    code: 'outcome_unknown',
    details: { op_id: 'op-two' },
  });
  expect(await next.call('crash.put', { n: 1 }, { idempotencyKey: 'one' })).toEqual({ n: 1 });
  expect(await next.call('crash.rows')).toEqual([1, 2]);
});

test('kill -9 in the middle of events: every acknowledged one is replayed, once, and numbers are never used again', async () => {
  await using dir = await tempDir();
  const acknowledged: number[] = [];
  let sent = 0;
  for (let life = 0; life < 3; life++) {
    const { daemon, call } = await start(dir.path);
    const emit = async () => {
      for (;;) acknowledged.push((await call('crash.emit', { n: sent++ })).n);
    };
    const ended = Promise.all([emit(), emit(), emit()]).catch(() => {});
    const goal = acknowledged.length + 100;
    await expect.poll(() => acknowledged.length, { interval: 1 }).toBeGreaterThan(goal);
    daemon.child.kill('SIGKILL');
    await Promise.all([daemon.exit(), ended]);
  }
  const { daemon, call } = await start(dir.path);
  await using _ = daemon;
  const { events } = await call('event.list', { patterns: ['crash.*'], limit: 10_000 });
  const replayed = events.map(({ data }: Answer) => data.n);
  expect(replayed).toEqual(expect.arrayContaining(acknowledged));
  expect(new Set(replayed).size).toBe(replayed.length);
  const seqs = events.map(({ seq }: Answer) => seq);
  expect(new Set(seqs).size).toBe(seqs.length);
});

test('kill -9 in the middle of migrations: the next start finds all of them or none', async () => {
  await using dir = await tempDir();
  for (const afterMs of [120, 160, 200, 240, 280]) {
    const daemon = daemonProcess(import.meta.resolve('./crash-daemon.fixture.ts'), {
      NOOK_HOME: dir.path,
      CRASH_MIGRATIONS: '2000',
    });
    const timer = setTimeout(() => daemon.child.kill('SIGKILL'), afterMs);
    await daemon.exit();
    clearTimeout(timer);
  }
  const { daemon, call } = await start(dir.path, { CRASH_MIGRATIONS: '2000' });
  await using _ = daemon;
  expect(await call('crash.put', { n: 1 })).toEqual({ n: 1 });
}, 60_000);

test('SIGTERM in the middle of anything: it ends in order, the store is sound and holds what was acknowledged', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'config'));
  await writeFile(join(dir.path, 'config', 'config.toml'), '[daemon]\ndrain_seconds = 0\n');
  const acknowledged: number[] = [];
  let sent = 0;
  for (let life = 0; life < 3; life++) {
    const { daemon, call } = await start(dir.path);
    const work = async () => {
      for (;;) {
        const n = sent++;
        await call('crash.put', { n }, { idempotencyKey: `put-${n}` });
        acknowledged.push(n);
        await call('crash.emit', { n });
        await call('crash.work.begin', {});
      }
    };
    const ended = Promise.all([work(), work(), work()]).catch(() => {});
    await expect.poll(() => acknowledged.length, { interval: 1 }).toBeGreaterThan((life + 1) * 20);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
    await ended;
  }
  const { daemon, call } = await start(dir.path);
  await using _ = daemon;
  expect(await call('crash.rows')).toEqual(expect.arrayContaining(acknowledged));
  const { operations } = await call('op.list', { limit: 1000 });
  expect(new Set(operations.map(({ state }: Answer) => state))).toEqual(new Set(['interrupted']));
  const { findings } = await call('daemon.doctor');
  expect(findings.find(({ check }: Answer) => check === 'daemon.store')).toMatchObject({ status: 'ok' });
});

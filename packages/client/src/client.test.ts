import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NookError } from '@nook/daemonapi';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type NookClient } from './index.ts';

// biome-ignore lint/suspicious/noExplicitAny: methods that no contract declares
type LooseClient = { call(method: string, params?: object): Promise<any> } & Pick<NookClient, 'close'>;

let home: string;
const started = new Set<number>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'nook-'));
});

afterEach(async () => {
  for (const pid of started) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  started.clear();
  await rm(home, { recursive: true, force: true });
});

const fixture = (behaviour = 'serve') => [
  process.execPath,
  fileURLToPath(import.meta.resolve('./daemon.fixture.ts')),
  behaviour,
];

function client(command: readonly string[] | undefined, more: object = {}): LooseClient & NookClient {
  const env = { ...process.env, NOOK_HOME: home };
  const options = command === undefined ? { env } : { env, defaultDaemonCommand: command };
  return createClient({ ...options, ...more }) as LooseClient & NookClient;
}

async function ping(loose: LooseClient) {
  const answer = await loose.call('ping');
  started.add(answer.pid);
  return answer;
}

test('the daemon is started on demand, apart from the caller’s directory, and found again', async () => {
  const one = client(fixture(), { opId: 'op-mine' });
  const answer = await ping(one);
  expect(answer).toMatchObject({ opId: 'op-mine', cwd: '/', argument: 'serve' });
  one.close();
  const two = client(['/does/not/exist']);
  expect((await ping(two)).pid).toBe(answer.pid);
  two.close();
});

test('of several clients at once, one starts the daemon', async () => {
  const clients = Array.from({ length: 4 }, () => client(fixture()));
  const pids = new Set((await Promise.all(clients.map(ping))).map(({ pid }) => pid));
  expect(pids.size).toBe(1);
  for (const each of clients) each.close();
});

test('a daemon that is gone is started again by the next call', async () => {
  const loose = client(fixture());
  const first = await ping(loose);
  await loose.call('quit').catch(() => {});
  await expect.poll(async () => (await ping(loose)).pid).not.toBe(first.pid);
  loose.close();
});

test('[daemon] command goes before the default', async () => {
  await mkdir(join(home, 'config'));
  const command = JSON.stringify(fixture('configured'));
  await writeFile(join(home, 'config', 'config.toml'), `[daemon]\ncommand = ${command}\n`);
  const loose = client(['/does/not/exist']);
  expect(await ping(loose)).toMatchObject({ argument: 'configured' });
  loose.close();
});

test('a stream goes both ways', async () => {
  const loose = client(fixture());
  await ping(loose);
  const { result, stream } = await (loose as unknown as { stream: NookClient['stream'] }).stream(
    'echo' as never,
    {} as never,
  );
  expect(result).toBe('open');
  stream.end('there and back');
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(text).toBe('there and back');
  loose.close();
});

describe('when it cannot be started, the reason is', () => {
  const failure = (command: readonly string[] | undefined, more: object = {}) =>
    client(command, more)
      .call('ping' as never, {} as never)
      .catch((error: unknown) => error);

  test('what the daemon said', async () => {
    const error = await failure(fixture('refuse'));
    expect(error).toMatchObject({ code: 'conflict', message: 'The store is newer.', hint: 'Upgrade.' });
  });

  test('the end of what it wrote before it died', async () => {
    const error = await failure(fixture('die'));
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('exit code 3') });
    expect((error as Error).message).toContain('something is very wrong');
  });

  test('that it took too long', async () => {
    const error = (await failure(fixture('hang'), { startDeadlineMs: 4000 })) as NookError;
    started.add(error.details?.pid as number);
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('thinking') });
  });

  test('that there is no such program', async () => {
    expect(await failure(['/does/not/exist'])).toMatchObject({ code: 'unavailable', hint: expect.any(String) });
  });

  test('that none is to be started', async () => {
    expect(await failure(undefined)).toMatchObject({ code: 'unavailable', message: 'The daemon is not running.' });
  });
});

test('the real daemon is started, answers and stops', async () => {
  const loose = client([process.execPath, join(import.meta.dirname, '../../../apps/daemon/src/main.ts')]);
  const { pid, version } = await ping(loose);
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(await loose.call('shutdown')).toEqual({ pid });
  loose.close();
  await expect.poll(() => readFile(join(home, 'state', 'logs', 'nookd.log'), 'utf8')).toContain('stopped');
});

test('a daemon behind a program that keeps the descriptor to itself is ready when it answers', async () => {
  const entry = join(import.meta.dirname, '../../../apps/daemon/src/main.ts');
  const loose = client(['sh', '-c', '"$0" "$1" 3>&-; exit $?', process.execPath, entry]);
  const { pid } = await ping(loose);
  expect(await loose.call('shutdown')).toEqual({ pid });
  loose.close();
  await expect.poll(() => readFile(join(home, 'state', 'logs', 'nookd.log'), 'utf8')).toContain('stopped');
});

test('a call whose connection is lost is sent once more under its key, to a daemon that remembers it', async () => {
  const loose = client(fixture('keys'));
  await ping(loose);
  expect(await loose.call('die')).toEqual({ again: true });
  await ping(loose);
  loose.close();
});

test('a daemon that knows no keys is not asked again: the outcome is unknown, with the op id', async () => {
  const loose = client(fixture(), { opId: 'op-lost' });
  await ping(loose);
  await expect(loose.call('die')).rejects.toMatchObject({
    code: 'outcome_unknown',
    opId: 'op-lost',
    details: { op_id: 'op-lost' },
  });
  await ping(loose);
  loose.close();
});

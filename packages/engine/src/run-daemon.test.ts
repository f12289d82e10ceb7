import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RpcClient } from '@nook/wire';
import { describe, expect, test } from 'vitest';
import { daemonProcess } from './daemon-process.fixture.ts';
import { tempDir } from './engine.fixture.ts';

function daemon(home: string, behaviour = '') {
  return daemonProcess(import.meta.resolve('./tiny-daemon.fixture.ts'), { NOOK_HOME: home, TINY: behaviour });
}

const socket = (home: string) => join(home, 'run', 'nookd.sock');
const log = (home: string) => readFile(join(home, 'state', 'logs', 'nookd.log'), 'utf8');

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in order, with code 0', async (signal) => {
  await using dir = await tempDir();
  await using nookd = daemon(dir.path);
  expect(await nookd.ready()).toEqual({ ready: true, pid: nookd.child.pid });
  expect(existsSync(socket(dir.path))).toBe(true);
  nookd.child.kill(signal);
  expect(await nookd.exit()).toBe(0);
  expect(existsSync(socket(dir.path))).toBe(false);
  expect(await log(dir.path)).toContain('tiny stops');
});

test('the method shutdown is answered, then ends it', async () => {
  await using dir = await tempDir();
  await using nookd = daemon(dir.path);
  await nookd.ready();
  const client = await RpcClient.connect(socket(dir.path));
  expect(await client.call('shutdown')).toEqual({ pid: nookd.child.pid });
  expect(await nookd.exit()).toBe(0);
  await client.closed;
});

test.each([
  ['crash-later', 'out of the blue'],
  ['reject-later', 'forgotten'],
])('a fatal error (%s) ends it in order, with a code that tells', async (behaviour, message) => {
  await using dir = await tempDir();
  await using nookd = daemon(dir.path, behaviour);
  expect(await nookd.exit()).toBe(1);
  expect(nookd.output()).toContain(message);
  expect(await log(dir.path)).toMatch(/fatal error[\s\S]*tiny stops/);
});

test.each(['stop-fails', 'stop-hangs'])(
  'a plugin whose %s does not keep it, but shows in the code',
  async (behaviour) => {
    await using dir = await tempDir();
    await using nookd = daemon(dir.path, behaviour);
    await nookd.ready();
    nookd.child.kill();
    expect(await nookd.exit()).toBe(1);
    expect(existsSync(socket(dir.path))).toBe(false);
  },
);

describe('a start that fails', () => {
  test('says so on the ready descriptor, on stderr and in the exit code', async () => {
    await using dir = await tempDir();
    await using nookd = daemon(dir.path, 'start-fails');
    expect(await nookd.ready()).toEqual({
      error: { code: 'internal', message: "Plugin 'tiny' failed to start: no luck today" },
    });
    expect(await nookd.exit()).toBe(1);
    expect(nookd.output()).toContain('no luck today');
  });

  test('because of the configuration names file, key and what was meant', async () => {
    await using dir = await tempDir();
    await mkdir(join(dir.path, 'config'));
    await writeFile(join(dir.path, 'config', 'config.toml'), '[daemon]\nlog_levell = "info"\n');
    await using nookd = daemon(dir.path);
    const { error } = await nookd.ready();
    expect(error).toMatchObject({ code: 'bad_params' });
    expect(error.message).toMatch(/config\.toml: daemon\.log_levell: Unknown key\. Did you mean 'log_level'\?/);
    expect(await nookd.exit()).toBe(1);
  });
});

test('of several started at once, one serves and the others find it', async () => {
  await using dir = await tempDir();
  await using one = daemon(dir.path);
  await using two = daemon(dir.path);
  await using three = daemon(dir.path);
  const all = [one, two, three];
  const pids = new Set((await Promise.all(all.map((nookd) => nookd.ready()))).map(({ pid }) => pid));
  expect(pids.size).toBe(1);
  const losers = all.filter(({ child }) => !pids.has(child.pid));
  expect(losers).toHaveLength(2);
  for (const loser of losers) {
    expect(await loser.exit()).toBe(0);
    expect(loser.output()).toContain(`already running, pid ${[...pids][0]}`);
  }
});

test('after kill -9 the next one takes over the lock and the socket', async () => {
  await using dir = await tempDir();
  await using first = daemon(dir.path);
  await first.ready();
  first.child.kill('SIGKILL');
  await first.exit();
  expect(existsSync(socket(dir.path))).toBe(true);
  await using second = daemon(dir.path);
  expect(await second.ready()).toEqual({ ready: true, pid: second.child.pid });
});

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RpcClient } from '@nook/wire';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { daemonProcess } from './daemon-process.fixture.ts';
import { plugin, tempDir, testEngine } from './engine.fixture.ts';

const tiny = fileURLToPath(import.meta.resolve('./tiny-daemon.fixture.ts'));

function nookd(home: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tiny, ...args], { env: { ...process.env, NOOK_HOME: home } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function writeConfig(home: string, text: string): Promise<void> {
  await mkdir(join(home, 'config'), { recursive: true });
  await writeFile(join(home, 'config', 'config.toml'), text);
}

describe('nookd --plan', () => {
  test('tells what it is made of and makes nothing', async () => {
    await using dir = await tempDir();
    const home = join(dir.path, 'home');
    const { code, stdout } = await nookd(home, '--plan', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ plugins: [{ name: 'tiny', state: 'ok' }], problems: [] });
    expect(existsSync(home)).toBe(false);
    expect((await nookd(home, '--plan')).stdout).toContain('tiny 1.0.0  ok');
  });

  test('tells every problem, of wiring and of configuration', async () => {
    const broken = plugin('broken', (context) => {
      context.need('martian');
      context.want('moon');
      context.provide('earth', {});
    });
    await using test = await testEngine([broken]);
    const { plugins, problems } = await test.engine.plan();
    expect(problems).toEqual([expect.stringContaining("needs 'martian'")]);
    expect(plugins[0]).toMatchObject({
      provides: ['earth'],
      needs: [
        { capability: 'martian', required: true },
        { capability: 'moon', required: false },
      ],
    });
    await using misconfigured = await testEngine([plugin('p')], { config: { p: { a: 1 } } });
    expect((await misconfigured.engine.plan()).problems).toEqual([expect.stringContaining("'p' has no settings")]);
  });
});

describe('nookd --config', () => {
  test('default is a configuration that is right, and what show says without one', async () => {
    await using dir = await tempDir();
    const { stdout } = await nookd(dir.path, '--config', 'default');
    expect(parse(stdout)).toMatchObject({ daemon: { log_level: 'info', drain_seconds: 5 } });
    await writeConfig(dir.path, stdout);
    expect(await nookd(dir.path, '--config', 'check')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('all right'),
    });
    expect((await nookd(dir.path, '--config', 'show')).stdout).toBe(
      stdout.replaceAll(/ = .*/g, `$&  # ${join(dir.path, 'config', 'config.toml')}`),
    );
  });

  test('check names file, key and what was meant', async () => {
    await using dir = await tempDir();
    await writeConfig(dir.path, '[daemon]\nlog_levle = "info"\n');
    const { code, stderr } = await nookd(dir.path, '--config', 'check');
    expect(code).toBe(1);
    expect(stderr).toContain("daemon.log_levle: Unknown key. Did you mean 'log_level'?");
  });

  test('anything else is wrong usage', async () => {
    await using dir = await tempDir();
    for (const args of [['--config'], ['--config', 'burn'], ['--plan', 'x'], ['serve']]) {
      expect(await nookd(dir.path, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('--plan') });
    }
  });
});

describe('a reload', () => {
  const config = z.strictObject({
    hot: z.number().default(1),
    cold: z.number().default(1),
    deep: z.object({ a: z.number() }).optional(),
  });
  const plugins = (seen: unknown[]) => [
    plugin(
      'hot',
      () => ({
        reload(next: { cold: number }) {
          seen.push(next);
          return next.cold === 1 ? undefined : ['cold'];
        },
      }),
      { config },
    ),
    plugin('cold', () => ({}), { config }),
  ];

  test('takes over what it can, and says of the rest that it needs a restart, every time', async () => {
    const seen: unknown[] = [];
    await using test = await testEngine(plugins(seen));
    await test.engine.start();
    await writeConfig(
      test.home,
      '[daemon]\nlog_level = "warn"\ndrain_seconds = 7\n[hot]\nhot = 2\n[cold]\ndeep = { a = 2 }\n',
    );
    expect(await test.call('daemon.reload')).toEqual({
      applied: ['daemon.drain_seconds', 'daemon.log_level', 'hot.hot'],
      restart_needed: ['cold.deep'],
    });
    expect(test.engine.drainMs).toBe(7000);
    expect(seen).toEqual([{ hot: 2, cold: 1 }]);
    await writeConfig(
      test.home,
      '[daemon]\nlog_level = "warn"\ndrain_seconds = 7\n[hot]\nhot = 2\ncold = 9\n[cold]\ndeep = { a = 2 }\n',
    );
    expect(await test.call('daemon.reload')).toEqual({ applied: [], restart_needed: ['cold.deep', 'hot.cold'] });
  });

  test('of a file that is wrong changes nothing', async () => {
    await using test = await testEngine(plugins([]));
    await test.engine.start();
    await writeConfig(test.home, '[daemon]\ndrain_seconds = 9\n[hot]\nhot = "x"\n');
    await expect(test.call('daemon.reload')).rejects.toMatchObject({ code: 'bad_params' });
    expect(test.engine.drainMs).toBe(5000);
  });

  test('comes with SIGHUP as well, and reaches the log of plugins', async () => {
    await using dir = await tempDir();
    await using daemon = daemonProcess(import.meta.resolve('./tiny-daemon.fixture.ts'), { NOOK_HOME: dir.path });
    await daemon.ready();
    await writeConfig(dir.path, '[daemon]\nlog_level = "error"\n');
    daemon.child.kill('SIGHUP');
    const client = await RpcClient.connect(join(dir.path, 'run', 'nookd.sock'));
    const log = () => readFile(join(dir.path, 'state', 'logs', 'nookd.log'), 'utf8');
    // Reads are logged at debug, so that this is news of the level alone.
    await expect.poll(() => client.call('daemon.reload')).toEqual({ applied: [], restart_needed: [] });
    await client.call('shutdown');
    expect(await daemon.exit()).toBe(0);
    expect(await log()).not.toContain('tiny stops');
  });
});

test('a plugin that has nothing to do is skipped, one that cannot do without another is blocked', async () => {
  await using test = await testEngine([
    plugin('a', (context) => void context.need('moon'), { degradable: true }),
    plugin(
      'b',
      (context) => {
        context.provide('moon', { shine: () => 1 });
        return { start: () => ({ skipped: 'it is day' }) };
      },
      { degradable: true },
    ),
  ]);
  await test.engine.start();
  const { plugins } = await test.call('plugin.list');
  expect(plugins).toMatchObject([
    { name: 'a', state: 'blocked', reason: "it needs plugin 'b', which is skipped: it is day" },
    { name: 'b', state: 'skipped', reason: 'it is day' },
  ]);
  expect(await test.call('plugin.show', { name: 'b' })).toMatchObject({
    provides: ['moon'],
    start_ms: expect.any(Number),
  });
  await expect(test.call('plugin.show', { name: 'z' })).rejects.toMatchObject({ code: 'not_found' });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const here = join(import.meta.dirname, '..');
const tsx = join(here, 'node_modules/.bin/tsx');
const apps = join(here, '../../apps');

let home: string;

/** The example's own command line, as a user runs it. */
async function nook(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, NOOK_HOME: home };
  const { stdout } = await promisify(execFile)(tsx, [join(here, 'nook.ts'), ...args], { env, timeout: 60_000 });
  return stdout;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'nook-'));
  await mkdir(join(home, 'config'), { mode: 0o700 });
  const command = JSON.stringify([tsx, join(here, 'nookd.ts')]);
  const config = `[daemon]\ncommand = ${command}\n\n[webhook]\nsecret = "a secret of the example"\n`;
  await writeFile(join(home, 'config/config.toml'), config, { mode: 0o600 });
});

afterEach(async () => {
  await nook('daemon', 'stop');
  await rm(home, { recursive: true });
});

test('the command line starts the daemon that the config names, and both have the plugin', async () => {
  expect(await nook('webhook', 'set', 'http://127.0.0.1:9/hook')).toBe('events go to http://127.0.0.1:9\n');
  expect(JSON.parse(await nook('webhook', 'stats', '--json'))).toMatchObject({
    target: 'http://127.0.0.1:9',
    queued: 0,
  });
  const plugins = JSON.parse(await nook('plugin', 'list', '--json')) as { name: string; state: string; from: string }[];
  expect(plugins.map(({ name, state }) => `${name} ${state}`)).toEqual(
    expect.arrayContaining(['images ok', 'network ok', 'vm ok', 'webhook ok']),
  );
  expect(plugins.find(({ name }) => name === 'webhook')?.from).toMatch(/examples\/webhook\/src\/plugin\.ts$/);
  expect(await nook('help', 'webhook')).toContain('webhook stats');
}, 60_000);

test.each([
  ['nookd.ts', 'daemon/src/main.ts'],
  ['nook.ts', 'cli/src/main.ts'],
])('%s is a copy with one import more', async (copy, original) => {
  const code = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
  const lines = code(await readFile(join(here, copy), 'utf8'));
  const own = lines.filter((line) => line.includes('nook-webhook'));
  expect(own).toHaveLength(1);
  expect(lines.filter((line) => !own.includes(line))).toEqual(code(await readFile(join(apps, original), 'utf8')));
});

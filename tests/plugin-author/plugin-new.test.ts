import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../harness/home.ts';
import { InstalledPlace } from './installed-place.ts';

interface Outcome {
  readonly code: number;
  readonly output: string;
}

const BIN = join(ROOT, 'node_modules/.bin');
const SOURCES = [join(ROOT, 'apps/cli/src/main.ts')];
const MINUTES = 60_000;

async function run(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const [file = '', ...args] = command;
  try {
    const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 2 * MINUTES };
    const { stdout, stderr } = await promisify(execFile)(file, args, options);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function filesIn(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const texts = paths.sort().map(async (path) => [path.slice(dir.length + 1), await readFile(path, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** Made once: tests only add folders to it. */
let place: InstalledPlace;

beforeAll(async () => {
  place = await InstalledPlace.create();
  for (const name of ['vitest', 'typescript', '@biomejs/biome', '@types/node']) await place.lend(name);
  await place.lend('zod', join(ROOT, 'packages/engine'));
}, 2 * MINUTES);
afterAll(() => place[Symbol.asyncDispose]());

function newPlugin(name: string, ...more: readonly string[]): Promise<Outcome> {
  return run([process.execPath, ...SOURCES, 'plugin', 'new', name, '--packages', place.packed, ...more], place.dir);
}

describe('a new plugin', () => {
  test.each(['hello', 'my-own-plugin', `${'long-'.repeat(7)}name`])(
    'called %s lints, type-checks and passes its tests at once',
    async (name) => {
      expect(await newPlugin(name)).toMatchObject({ code: 0, output: expect.stringContaining(`wrote 16 files to`) });
      const dir = join(place.dir, name);
      for (const command of [
        ['biome', 'check', '--error-on-warnings'],
        ['tsc', '-p', '.'],
        ['vitest', 'run'],
      ]) {
        const outcome = await run([join(BIN, command[0] as string), ...command.slice(1)], dir);
        expect(outcome, command.join(' ')).toMatchObject({ code: 0 });
        if (command[0] === 'vitest') expect(outcome.output).toMatch(/Tests .*[2-9]\d passed/);
      }
      const texts = Object.values(await filesIn(dir)).join('\n');
      expect(texts).toContain(`'${name}.greet'`);
      expect(texts).not.toMatch(/template-?name/i);
    },
    3 * MINUTES,
  );

  test(
    'is the same from the sources, from a bundle and from an installed place',
    async () => {
      await newPlugin('same', '--dir', join(place.dir, 'from-sources'));
      const bundle = join(place.dir, 'bundle');
      const built = await run([process.execPath, 'tools/build/build.ts', '--out', bundle, ...SOURCES], ROOT);
      expect(built).toMatchObject({ code: 0 });
      // The bundle has moved away from everything that it was made of.
      const programs = { bundle: join(bundle, 'main.mjs'), installed: place.resolve('@nook/cli/main') };
      for (const [from, program] of Object.entries(programs)) {
        const args = ['plugin', 'new', 'same', '--dir', join(place.dir, `from-${from}`), '--packages', place.packed];
        expect(await run([process.execPath, program, ...args], tmpdir())).toMatchObject({ code: 0 });
        expect(await filesIn(join(place.dir, `from-${from}`))).toEqual(await filesIn(join(place.dir, 'from-sources')));
      }
    },
    MINUTES,
  );

  test('names packages of the registry where there is neither a checkout nor a folder of tarballs', async () => {
    const program = [process.execPath, place.resolve('@nook/cli/main')];
    expect(await run([...program, 'plugin', 'new', 'far'], place.dir)).toMatchObject({ code: 0 });
    const manifest = JSON.parse(await readFile(join(place.dir, 'far/package.json'), 'utf8'));
    expect(manifest.dependencies['@nook/daemonapi']).toMatch(/^\^\d+\.\d+\.\d+$/);
    expect(manifest.devDependencies['@nook/testkit']).toBe(manifest.dependencies['@nook/daemonapi']);
    expect(manifest).not.toHaveProperty('overrides');
  });

  test(
    'packed for publication, is run by Node alone in a daemon that has it installed',
    async () => {
      await newPlugin('packed-up');
      const dir = join(place.dir, 'packed-up');
      expect(await run([join(BIN, 'tsc'), '-p', 'tsconfig.build.json'], dir)).toMatchObject({ code: 0, output: '' });
      const packed = await run(['pnpm', 'pack', '--config.ignore-scripts=true', '--pack-destination', dir], dir);
      expect(packed).toMatchObject({ code: 0 });
      const installed = join(place.dir, 'node_modules/nook-packed-up');
      const tarball = join(dir, 'nook-packed-up-0.1.0.tgz');
      await run(['sh', '-c', 'mkdir "$1" && tar -xzf "$0" -C "$1" --strip-components=1', tarball, installed], dir);
      expect(Object.keys(await filesIn(installed)).filter((path) => /^src|\.test\./.test(path))).toEqual([]);

      const entry = await place.write(
        'published/nookd.ts',
        [
          `import 'nook-packed-up/register';`,
          `import type { Provides, Wired } from '@nook/daemonapi';`,
          `import { createEngine } from '@nook/engine';`,
          `true satisfies Wired;`,
          `const declared: keyof Provides = 'packedUp';`,
          `const engine = createEngine({ env: { NOOK_HOME: process.env.NOOK_HOME }, logLevel: 'silent' });`,
          `await engine.start();`,
          `console.log(declared, await engine.call('packed-up.greet', { name: 'you' }));`,
          `await engine.stop();`,
        ].join('\n'),
      );
      const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] };
      await place.write('published/tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['nookd.ts'] }));
      expect(await run([join(BIN, 'tsc'), '-p', '.'], join(place.dir, 'published'))).toEqual({ code: 0, output: '' });
      const home = await mkdtemp(join(tmpdir(), 'nook-'));
      const outcome = await run([process.execPath, entry], place.dir, { NOOK_HOME: home });
      expect(outcome).toEqual({ code: 0, output: "packedUp { text: 'Hello, you!' }\n" });
      await rm(home, { recursive: true });
    },
    MINUTES,
  );
});

describe('is refused', () => {
  test.each([
    ['Hello', 2, /cannot be the name of a plugin/],
    ['../escape', 2, /cannot be the name of a plugin/],
    ['daemon', 2, /is taken/],
    ['vm', 2, /is taken/],
  ])('the name %s', async (name, code, words) => {
    expect(await newPlugin(name)).toEqual({ code, output: expect.stringMatching(words) });
  });

  test('a folder that holds something, which stays as it is', async () => {
    await place.write('full/mine.txt', 'mine');
    const refused = await newPlugin('full');
    expect(refused).toEqual({ code: 1, output: expect.stringMatching(/is there already.*\nhint: .*--dir/) });
    expect(await filesIn(join(place.dir, 'full'))).toEqual({ 'mine.txt': 'mine' });
    expect((await readdir(place.dir)).filter((name) => name.startsWith('full.'))).toEqual([]);
  });

  test('a folder without the tarballs', async () => {
    const command = [process.execPath, ...SOURCES, 'plugin', 'new', 'lonely', '--packages', tmpdir()];
    const refused = await run(command, place.dir);
    expect(refused).toEqual({
      code: 1,
      output: expect.stringMatching(/no tarball of @nook\/daemonapi.*\nhint: .*npm run pack/),
    });
  });
});

test('the template names the libraries that this checkout is tested with', async () => {
  const manifest = async (path: string) =>
    JSON.parse(await readFile(join(ROOT, path), 'utf8')) as Record<string, Record<string, string>>;
  const template = await manifest('apps/cli/templates/plugin/_package.json');
  const known = {
    ...(await manifest('package.json')).devDependencies,
    ...(await manifest('packages/engine/package.json')).dependencies,
  };
  const named = { ...template.dependencies, ...template.devDependencies };
  for (const [name, range] of Object.entries(named))
    if (!name.startsWith('@nook/')) expect([name, range]).toEqual([name, known[name]]);
  expect(await filesIn(join(ROOT, 'apps/cli/templates/plugin'))).toHaveProperty(['src/plugin.ts']);
});

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const app = join(import.meta.dirname, '..');
const root = join(app, '../..');

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { env, timeout: 60_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-'));
  await symlink(join(app, 'node_modules'), join(dir, 'node_modules'));
  const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] };
  const tsconfig = { extends: join(root, 'tsconfig.base.json'), compilerOptions, files: ['main.ts'] };
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** A copy of the entry file without the imports that match. */
async function copyWithout(imports: RegExp): Promise<void> {
  const lines = (await readFile(join(app, 'src/main.ts'), 'utf8')).split('\n');
  const kept = lines.filter((line) => !imports.test(line));
  expect(kept.length).toBeLessThan(lines.length);
  await writeFile(join(dir, 'main.ts'), kept.join('\n'));
}

const compile = () => run(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', dir]);

test('the entry file is short and compiles', async () => {
  const text = await readFile(join(app, 'src/main.ts'), 'utf8');
  expect(text.trim().split('\n').length).toBeLessThan(20);
  await writeFile(join(dir, 'main.ts'), text);
  expect(await compile()).toEqual({ code: 0, output: '' });
});

test('without an import that others need it does not compile, nor start, and says what to import', async () => {
  await copyWithout(/plugin-network|plugin-images/);
  const compiled = await compile();
  expect(compiled.code).not.toBe(0);
  expect(compiled.output).toContain("plugin 'vm' needs capability 'network', which no imported plugin provides");
  const started = await run(process.execPath, [join(dir, 'main.ts')], { ...process.env, NOOK_HOME: join(dir, 'home') });
  expect(started.code).toBe(1);
  expect(started.output).toContain("Import '@nook/plugin-network/register'.");
  expect(started.output).toContain("Import '@nook/plugin-images/register'.");
});

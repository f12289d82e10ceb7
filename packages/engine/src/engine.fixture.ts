import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_VERSION } from '@nook/daemonapi';
import { resolveDirs } from '@nook/wire';
import { createEngine, type Engine, type EngineOptions } from './index.ts';
import { logPath } from './log.ts';
import type { AnyPlugin } from './wiring-problems.ts';

export async function tempDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'nook-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

// biome-ignore lint/suspicious/noExplicitAny: tests wire plugins of shapes that no contract declares
export type LooseContext = any;

/** A plugin with everything but what a test is about. */
export function plugin(
  name: string,
  setup: (context: LooseContext) => unknown = () => {},
  more: Partial<AnyPlugin> = {},
): AnyPlugin {
  return { name, api: API_VERSION, version: '1.0.0', from: `file:///${name}.ts`, ...more, setup } as AnyPlugin;
}

export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly home: string;
  /** The lines that the engine has logged. */
  log(): Promise<Record<string, unknown>[]>;
  // biome-ignore lint/suspicious/noExplicitAny: methods that no contract declares
  call(method: string, params?: object, options?: object): Promise<any>;
}

/** An engine in a home of its own, stopped with the test. */
export async function testEngine(
  plugins: readonly AnyPlugin[],
  options: EngineOptions & { readonly home?: string } = {},
): Promise<TestEngine> {
  const dir = await tempDir();
  const home = options.home ?? dir.path;
  const env = { NOOK_HOME: home };
  const engine = createEngine({ plugins, env, listen: false, checkResults: true, logLevel: 'debug', ...options });
  return {
    engine,
    home,
    async log() {
      const text = await readFile(logPath(resolveDirs(env)), 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    call: (method, params = {}, callOptions = {}) =>
      (engine.call as (method: string, params: object, options: object) => Promise<unknown>)(
        method,
        params,
        callOptions,
      ),
    async [Symbol.asyncDispose]() {
      await engine.stop().catch(() => {});
      await dir[Symbol.asyncDispose]();
    },
  };
}

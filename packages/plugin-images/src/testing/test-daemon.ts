import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallContext, DoctorCheck, Logger, PluginContext, PluginHooks, Progress } from '@nook/daemonapi';
import type { ZodType } from 'zod';
import { configSchema, type ImagesConfig } from '../config.ts';
import type { EnsureOptions, ImagesCapability, KernelsCapability } from '../contract.ts';
import { images as plugin } from '../plugin.ts';

export interface TestDaemon extends AsyncDisposable {
  readonly images: ImagesCapability;
  readonly kernels: KernelsCapability;
  readonly checks: readonly DoctorCheck[];
  readonly store: string;
  start(): Promise<void>;
  call(method: string, params: object, signal?: AbortSignal, onStage?: (stage: string) => void): Promise<unknown>;
}

export interface TestDaemonOptions {
  readonly config?: Record<string, unknown>;
  /** Where the store is; in the home when absent. */
  readonly store?: string;
  readonly users?: (digest: string) => readonly string[];
}

const quiet = () => {};
const log: Logger = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/** The plugin alone, wired by hand, with its home in a directory of the test's. */
export function testDaemon(home: string, options: TestDaemonOptions = {}): TestDaemon {
  const store = options.store ?? join(home, 'images');
  const cache = join(home, 'cache');
  for (const directory of [store, cache]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const provided: Record<string, unknown> = {};
  const methods = new Map<string, Method>();
  const contributed: { readonly point: string; readonly value: unknown }[] = [];
  const contributions = (to: string) => contributed.filter(({ point }) => point === to).map(({ value }) => value);
  const context = {
    log,
    config: configSchema.parse(options.config ?? {}),
    dirs: { images: store, cache, state: home, config: home },
    clock: { now: Date.now, monotonic: () => performance.now() },
    want: () => ({ available: options.users !== undefined, imageUsers: options.users, kernelUsers: options.users }),
    provide: (name: string, value: unknown) => {
      provided[name] = value;
    },
    contribute: (point: string, value: unknown) => void contributed.push({ point, value }),
    contributions,
    method: (name: string, definition: Method) => void methods.set(name, definition),
  };
  const hooks = plugin.setup(context as unknown as PluginContext<'images', ImagesConfig>) as PluginHooks;
  const never = new AbortController().signal;
  return {
    images: provided.images as ImagesCapability,
    kernels: provided.kernels as KernelsCapability,
    checks: contributions('doctor.check') as DoctorCheck[],
    store,
    start: async () => void (await hooks.start?.(never)),
    call: async (name, params, signal = never, onStage = quiet) => {
      const method = methods.get(name);
      if (method === undefined) throw new Error(`no method ${name}`);
      const progress = ({ stage }: Progress) => onStage(stage);
      const call = { opId: 'op-test', signal, log, progress } as unknown as CallContext;
      return method.result.parse(await method.run(method.params.parse(params), call));
    },
    [Symbol.asyncDispose]: async () => void (await hooks.stop?.(never)),
  };
}

interface Method {
  readonly params: ZodType;
  readonly result: ZodType;
  run(params: unknown, call: CallContext): unknown;
}

/** Options of a caller that waits for as long as the test runs; `seen` gets the progress. */
export function patient(seen: Progress[] = []): EnsureOptions {
  return { signal: new AbortController().signal, progress: (progress) => void seen.push(progress) };
}

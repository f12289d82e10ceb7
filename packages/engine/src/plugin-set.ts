import { NookError } from '@nook/daemonapi';
import type { RootLog } from './log.ts';
import type { Outage, PluginSlot } from './plugin-slot.ts';
import { type HookRun, hookError, runHook } from './run-hook.ts';

const DEADLINE_MS = 30_000;

/** The plugins of one engine, taken through their hooks in sorted order, and back in reverse. */
export class PluginSet {
  readonly slots: readonly PluginSlot[];
  readonly #log: () => RootLog;

  constructor(slots: readonly PluginSlot[], log: () => RootLog) {
    this.slots = [...slots].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#log = log;
  }

  get(name: string): PluginSlot | undefined {
    return this.slots.find((slot) => slot.name === name);
  }

  /** Plugins that should serve and do not. */
  get lost(): readonly string[] {
    return this.slots.filter(({ state }) => state !== 'ok' && state !== 'skipped').map(({ name }) => name);
  }

  /**
   * @param wire sets one plugin up and answers its hooks
   * @throws NookError that names the plugin
   */
  setup(wire: (slot: PluginSlot) => unknown): void {
    for (const slot of this.slots) {
      const begun = performance.now();
      try {
        slot.hooks = hooksOf(wire(slot));
        slot.startMs = performance.now() - begun;
      } catch (error) {
        this.#failOrThrow(slot, hookError({ plugin: slot.name, hook: 'be set up' }, error));
      }
    }
  }

  /**
   * @param providers whom a plugin cannot do without
   * @throws NookError that names the plugin; those begun, and the failing one, are to be stopped and disposed
   */
  async start(signal: AbortSignal, providers: (plugin: string) => readonly string[]): Promise<void> {
    for (const slot of this.slots) {
      const { start } = slot.hooks;
      if (slot.outage !== undefined || start === undefined) continue;
      const begun = performance.now();
      try {
        const outcome = await runHook(this.#run(slot, 'start', signal), (hookSignal) =>
          start.call(slot.hooks, hookSignal),
        );
        slot.startMs += performance.now() - begun;
        const outage = outageOf(outcome);
        if (outage !== undefined) this.#out(slot, outage);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#failOrThrow(slot, error);
        // What it had begun ends now; it is disposed with the others.
        await this.#end([slot], 'stop');
      }
    }
    await this.#blockDependants(providers);
  }

  /** @returns what its hook said; undefined when it has none */
  async reload(slot: PluginSlot, config: unknown): Promise<readonly string[] | undefined> {
    const { reload } = slot.hooks;
    if (reload === undefined || slot.outage !== undefined) return undefined;
    return (await runHook(this.#run(slot, 'reload'), (signal) => reload.call(slot.hooks, config, signal))) ?? [];
  }

  /** Stops all in reverse. @returns what went wrong; one plugin's failure does not keep the others from stopping */
  stop(): Promise<unknown[]> {
    return this.#end(this.slots, 'stop');
  }

  dispose(): Promise<unknown[]> {
    return this.#end(this.slots, 'dispose');
  }

  async #end(slots: readonly PluginSlot[], hook: 'stop' | 'dispose'): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const slot of [...slots].reverse()) {
      const work = slot.hooks[hook];
      if (work === undefined) continue;
      try {
        await runHook(this.#run(slot, hook), (signal) => work.call(slot.hooks, signal));
      } catch (error) {
        this.#log().error({ err: error, plugin: slot.name }, `a plugin failed to ${hook}`);
        errors.push(error);
      }
    }
    return errors;
  }

  #run(slot: PluginSlot, hook: HookRun['hook'], signal?: AbortSignal): HookRun {
    const deadlineMs = (hook === 'reload' ? undefined : slot.definition.deadlines?.[hook]) ?? DEADLINE_MS;
    return { plugin: slot.name, hook, deadlineMs, ...(signal === undefined ? {} : { signal }) };
  }

  /** Plugins that may be done without, and that cannot do without one that does not serve. */
  async #blockDependants(providers: (plugin: string) => readonly string[]): Promise<void> {
    for (;;) {
      const slot = this.slots.find(
        ({ name, outage, definition }) =>
          outage === undefined && definition.degradable === true && this.#outOf(providers(name)) !== undefined,
      );
      if (slot === undefined) return;
      const out = this.#outOf(providers(slot.name)) as PluginSlot;
      this.#out(slot, { state: 'blocked', reason: `it needs plugin '${out.name}', which is ${out.whyNot}` });
      await this.#end([slot], 'stop');
    }
  }

  #outOf(names: readonly string[]): PluginSlot | undefined {
    return names.map((name) => this.get(name)).find((slot) => slot?.outage !== undefined);
  }

  #failOrThrow(slot: PluginSlot, error: unknown): void {
    if (slot.definition.degradable !== true) throw error;
    this.#log().error({ err: error, plugin: slot.name }, 'a plugin that may be done without failed');
    this.#out(slot, { state: 'failed', reason: (error as Error).message });
  }

  #out(slot: PluginSlot, outage: Outage): void {
    slot.outage = outage;
    const level = outage.state === 'skipped' ? 'info' : 'warn';
    this.#log()[level]({ plugin: slot.name, ...outage }, 'plugin does not serve');
  }
}

function outageOf(outcome: unknown): Outage | undefined {
  const { degraded, skipped } = (outcome ?? {}) as { readonly degraded?: unknown; readonly skipped?: unknown };
  if (typeof degraded === 'string') return { state: 'degraded', reason: degraded };
  return typeof skipped === 'string' ? { state: 'skipped', reason: skipped } : undefined;
}

function hooksOf(value: unknown): PluginSlot['hooks'] {
  if (value === undefined || value === null) return {};
  if (typeof (value as { then?: unknown }).then === 'function') {
    // Its outcome is of no use any more, and must not end the process.
    (value as Promise<unknown>).then(undefined, () => {});
    throw new NookError('internal', 'setup returned a promise; it must be synchronous.');
  }
  return value as PluginSlot['hooks'];
}

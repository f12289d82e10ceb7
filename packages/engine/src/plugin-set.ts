import { NookError } from '@nook/daemonapi';
import type { RootLog } from './log.ts';
import type { PluginSlot } from './plugin-slot.ts';
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

  /** Plugins whose setup failed and that may be done without. */
  get lost(): readonly string[] {
    return this.slots.filter(({ degraded }) => degraded !== undefined).map(({ name }) => name);
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
        this.#degradeOrThrow(slot, hookError({ plugin: slot.name, hook: 'be set up' }, error));
      }
    }
  }

  /** @throws NookError that names the plugin; those begun, and the failing one, are to be stopped and disposed */
  async start(signal: AbortSignal): Promise<void> {
    for (const slot of this.slots) {
      const { start } = slot.hooks;
      if (slot.degraded !== undefined || start === undefined) continue;
      const begun = performance.now();
      try {
        const outcome = await runHook(this.#run(slot, 'start', signal), (hookSignal) =>
          start.call(slot.hooks, hookSignal),
        );
        slot.startMs += performance.now() - begun;
        if (typeof outcome?.degraded === 'string') this.#degrade(slot, outcome.degraded);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#degradeOrThrow(slot, error);
        // What it had begun ends now; it is disposed with the others.
        const [failure] = await this.#end([slot], 'stop');
        if (failure !== undefined)
          this.#log().error({ err: failure, plugin: slot.name }, 'a degraded plugin did not stop');
      }
    }
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
    const deadlineMs = slot.definition.deadlines?.[hook] ?? DEADLINE_MS;
    return { plugin: slot.name, hook, deadlineMs, ...(signal === undefined ? {} : { signal }) };
  }

  #degradeOrThrow(slot: PluginSlot, error: unknown): void {
    if (slot.definition.degradable !== true) throw error;
    this.#degrade(slot, (error as Error).message);
    this.#log().error({ err: error, plugin: slot.name }, 'plugin degraded');
  }

  #degrade(slot: PluginSlot, reason: string): void {
    slot.degraded = reason;
    this.#log().warn({ plugin: slot.name, reason }, 'plugin degraded');
  }
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

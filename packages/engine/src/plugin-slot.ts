import type { PluginHooks } from '@nook/daemonapi';
import type { PluginState, PluginStatus } from './contract.ts';
import type { AnyPlugin } from './wiring-problems.ts';

/** One plugin within one engine. */
export class PluginSlot {
  readonly definition: AnyPlugin;
  hooks: PluginHooks = {};
  /** Why it does not serve. */
  degraded: string | undefined;
  /** How long setup and start took, in milliseconds. */
  startMs = 0;

  constructor(definition: AnyPlugin) {
    this.definition = definition;
  }

  get name(): string {
    return this.definition.name;
  }

  get state(): PluginState {
    return this.degraded === undefined ? 'ok' : 'degraded';
  }

  brief(): Pick<PluginStatus, 'name' | 'version' | 'state' | 'reason'> {
    return {
      name: this.name,
      version: this.definition.version,
      state: this.state,
      ...(this.degraded === undefined ? {} : { reason: this.degraded }),
    };
  }
}

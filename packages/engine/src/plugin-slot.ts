import type { PluginHooks } from '@nook/daemonapi';
import type { PluginState, PluginStatus } from './contract.ts';
import type { AnyPlugin } from './wiring-problems.ts';

/** Why a plugin does not serve. */
export interface Outage {
  readonly state: Exclude<PluginState, 'ok'>;
  readonly reason: string;
}

/** One plugin within one engine. */
export class PluginSlot {
  readonly definition: AnyPlugin;
  hooks: PluginHooks = {};
  outage: Outage | undefined;
  /** How long setup and start took, in milliseconds. */
  startMs = 0;

  constructor(definition: AnyPlugin) {
    this.definition = definition;
  }

  get name(): string {
    return this.definition.name;
  }

  get state(): PluginState {
    return this.outage?.state ?? 'ok';
  }

  /** To be said after the plugin's name; undefined when it serves. */
  get whyNot(): string | undefined {
    return this.outage === undefined ? undefined : `${this.outage.state}: ${this.outage.reason}`;
  }

  brief(): Pick<PluginStatus, 'name' | 'version' | 'state' | 'reason'> {
    return {
      name: this.name,
      version: this.definition.version,
      state: this.state,
      ...(this.outage === undefined ? {} : { reason: this.outage.reason }),
    };
  }
}

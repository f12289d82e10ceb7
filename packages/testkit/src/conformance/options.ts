import type { GuestCommand, GuestCommandResult, NookEvent, PluginDefinition, Provides } from '@nook/daemonapi';
import type { AnyPlugin } from '../any-plugin.ts';
import type { Fakes } from '../fakes.ts';

/** What the suite cannot know by itself. */
export interface ConformanceOptions<Name extends string = string> {
  /** Real plugins that provide what this one needs. */
  readonly with?: readonly AnyPlugin[];
  /** Stand-ins for what neither it nor those provide. */
  readonly fakes?: Fakes<Name>;
  /** What config.toml would hold, for it and the others. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For each capability that it provides, a call that changes nothing and ends soon. */
  readonly calls?: { readonly [C in keyof Provides & string]?: (capability: Provides[C]) => unknown };
  /** For each image source that it contributes, a reference that can be resolved here and now. */
  readonly images?: readonly string[];
  /** For each kernel source that it contributes, the same. */
  readonly kernels?: readonly string[];
  /** Sources of either kind that bring nothing here, and why: of those only what they claim and refuse is checked. */
  readonly unreachable?: Readonly<Record<string, string>>;
  /** One event of each topic that it listens to. */
  readonly events?: readonly Pick<NookEvent, 'topic' | 'data'>[];
  /** For each `vm.feature` that it contributes, what a VM of the suite asks of it. */
  readonly features?: Readonly<Record<string, FeatureSample>>;
}

export interface FeatureSample {
  /** A part that its schema takes; `{}` when absent. */
  readonly part?: unknown;
  /** The suite has no guest: what one would answer to the feature's commands. Absent: every command ends with 0. */
  readonly guest?: (command: GuestCommand) => GuestCommandResult;
}

/** A plugin with what it is tested under. */
export interface Subject extends ConformanceOptions {
  readonly plugin: AnyPlugin;
}

export function subject<Name extends string>(
  // biome-ignore lint/suspicious/noExplicitAny: any config type
  plugin: PluginDefinition<Name, any>,
  options: ConformanceOptions<Name>,
): Subject {
  return { ...(options as ConformanceOptions), plugin };
}

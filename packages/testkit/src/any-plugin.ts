import type { PluginDefinition } from '@nook/daemonapi';

// biome-ignore lint/suspicious/noExplicitAny: plugins of any config type
export type AnyPlugin = PluginDefinition<any, any>;

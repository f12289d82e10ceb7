import { API_VERSION, type PluginContext, type PluginHooks } from '@nook/daemonapi';
import type { AnyPlugin } from '../any-plugin.ts';
import { overridden } from '../observe.ts';

/** Hooks that are all there and can be called by themselves. */
export interface BoundHooks {
  start(signal: AbortSignal): ReturnType<NonNullable<PluginHooks['start']>>;
  /** Absent where the plugin has none, since that means something. */
  reload?(config: unknown, signal: AbortSignal): ReturnType<NonNullable<PluginHooks['reload']>>;
  stop(signal: AbortSignal): void | Promise<void>;
  dispose(signal: AbortSignal): void | Promise<void>;
}

/** The plugin with its hooks called in another way. */
export function withHooks(
  plugin: AnyPlugin,
  change: (hooks: BoundHooks, context: PluginContext) => PluginHooks,
): AnyPlugin {
  const setup: AnyPlugin['setup'] = (context) => {
    const hooks = plugin.setup(context) ?? {};
    const bound: BoundHooks = {
      start: (signal) => hooks.start?.(signal),
      stop: (signal) => hooks.stop?.(signal),
      dispose: (signal) => hooks.dispose?.(signal),
      ...(hooks.reload === undefined ? {} : { reload: hooks.reload.bind(hooks) }),
    };
    return { ...bound, ...change(bound, context) };
  };
  return { ...plugin, setup };
}

type Answer = (capability: string, method: string, call: () => unknown) => unknown;

/** The plugin with every call to a capability that it needs answered by `answer`. */
export function withNeeds(plugin: AnyPlugin, answer: Answer): AnyPlugin {
  const setup = (context: PluginContext): ReturnType<AnyPlugin['setup']> => {
    const answered = (capability: string, handle: object) =>
      new Proxy(handle, {
        get(target, key) {
          const value = Reflect.get(target, key);
          if (typeof value !== 'function' || typeof key === 'symbol') return value;
          return (...args: unknown[]) => answer(capability, key, () => Reflect.apply(value, target, args));
        },
      });
    return plugin.setup(
      overridden(context, {
        need: (capability: string) => answered(capability, context.need(capability as never)),
        want: (capability: string) => answered(capability, context.want(capability as never)),
      }),
    );
  };
  return { ...plugin, setup };
}

/** Another plugin of the daemon, which fails as its hooks say. Its name comes after nearly all others. */
export function companion(hooks: PluginHooks, setup: () => void = () => {}): AnyPlugin {
  return {
    name: 'zzz-companion',
    api: API_VERSION,
    version: '0.0.0',
    from: import.meta.url,
    deadlines: { start: 200, stop: 200, dispose: 200 },
    setup() {
      setup();
      return hooks;
    },
  };
}

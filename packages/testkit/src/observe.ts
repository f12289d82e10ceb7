import type { EventBus, PluginContext, PluginHooks } from '@nook/daemonapi';
import type { AnyPlugin } from './any-plugin.ts';

/** What one plugin of one daemon did with its context. */
export class Observed {
  readonly provided = new Map<string, object>();
  readonly contributed: { readonly point: string; readonly value: unknown }[] = [];
  readonly needs: { readonly capability: string; readonly required: boolean }[] = [];
  /** Pattern of each subscription ever made; those that were not ended are in `subscriptions`. */
  readonly patterns: string[] = [];
  readonly subscriptions = new Set<{ readonly pattern: string }>();
  events: EventBus | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: contexts of every plugin
type AnyContext = PluginContext<any, any>;

/** Runs a plugin's code where what it makes is known to be its own. */
type Run = <T>(work: () => T) => T;

/** The same plugin, with what it does on record. */
export function observe(plugin: AnyPlugin, observed: Observed, run: Run): AnyPlugin {
  const setup = (context: AnyContext): PluginHooks => {
    const hooks = run(() => plugin.setup(watched(context, observed, run))) ?? {};
    return hooks.start === undefined ? hooks : overridden(hooks, { start: within(run, hooks, 'start') });
  };
  return { ...plugin, setup };
}

function within<T extends object>(run: Run, target: T, name: keyof T) {
  return (...args: unknown[]) => run(() => Reflect.apply(target[name] as () => unknown, target, args));
}

/** The same object, whose every method runs within. */
function allWithin<T extends object>(run: Run, target: T): T {
  return new Proxy(target, {
    get(_, key) {
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? within(run, target, key as keyof T) : value;
    },
  });
}

function watched(context: AnyContext, observed: Observed, run: Run): AnyContext {
  observed.events = context.events;
  return overridden(context, {
    events: overridden(context.events, { subscribe: countingSubscribe(context.events, observed) }),
    need: (capability: string) => {
      observed.needs.push({ capability, required: true });
      return context.need(capability as never);
    },
    want: (capability: string) => {
      observed.needs.push({ capability, required: false });
      return context.want(capability as never);
    },
    provide: (capability: string, implementation: object) => {
      context.provide(capability as never, implementation as never);
      observed.provided.set(capability, implementation);
    },
    method: (name: string, definition: { run(): unknown }) =>
      context.method(name as never, overridden(definition, { run: within(run, definition, 'run') }) as never),
    contribute: (point: string, value: object) => {
      const watchedValue = allWithin(run, value);
      context.contribute(point as never, watchedValue as never);
      observed.contributed.push({ point, value: watchedValue });
    },
  });
}

function countingSubscribe(events: EventBus, observed: Observed): EventBus['subscribe'] {
  return (pattern, ...rest) => {
    const end = events.subscribe(pattern, ...rest);
    const subscription = { pattern };
    observed.patterns.push(pattern);
    observed.subscriptions.add(subscription);
    return () => {
      observed.subscriptions.delete(subscription);
      end();
    };
  };
}

/** `target` with some of its members replaced, whatever it is made of. */
export function overridden<T extends object>(target: T, members: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === 'string' && Object.hasOwn(members, key)) return members[key];
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

import { API_VERSION, NookError, type PluginDefinition, type PluginHooks, type RpcMethod } from '@nook/daemonapi';
import { z } from 'zod';

interface Greeter {
  greet(name: string): Promise<string>;
}

declare module '@nook/daemonapi' {
  interface Provides {
    'test-greeter': Greeter;
  }
  interface Needs {
    'test-greeter': { 'test-words'?: { greeting(language: string): Promise<string> } };
    'test-strict': { 'test-words': { greeting(language: string): Promise<string> } };
  }
  interface RpcMethods {
    'test-greeter.hello': RpcMethod<{ readonly name: string }, { readonly text: string }>;
  }
  interface Events {
    'test-greeter.greeted': { readonly name: string };
    'test.news': { readonly what: string };
  }
}

const config = z.strictObject({ language: z.string().default('en'), shout: z.boolean().default(false) });

/** A plugin that does everything right, small enough to be varied into ones that do not. */
export const greeter: PluginDefinition<'test-greeter', z.output<typeof config>> = {
  name: 'test-greeter',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  config,
  setup(context) {
    let { config } = context;
    const { events } = context;
    const words = context.want('test-words');
    let heard = 0;
    const unsubscribe = events.subscribe('test.*', () => {
      heard++;
    });
    const greet = async (name: string) => {
      const greeting = words.available ? await words.greeting(config.language) : 'Hello';
      events.publish('test-greeter.greeted', { name });
      return `${greeting}, ${name}${config.shout ? '!' : '.'}`;
    };
    context.provide('test-greeter', { greet });
    context.method('test-greeter.hello', {
      summary: 'Greets.',
      access: 'read',
      params: z.strictObject({ name: z.string().min(1) }),
      result: z.object({ text: z.string() }),
      run: async ({ name }) => ({ text: await greet(name) }),
    });
    context.contribute('doctor.check', {
      name: 'test-greeter.ears',
      run: async () => [{ status: 'ok', item: 'ears', evidence: `heard ${heard} times` }],
    });
    return {
      // What it says follows at once; how, after a restart.
      reload(next) {
        config = { ...config, language: next.language };
        return next.shout === config.shout ? [] : ['shout'];
      },
      dispose: () => void unsubscribe(),
    };
  },
};

/** The greeter with more, or other, hooks. */
export function varied(hooks: PluginHooks | (() => PluginHooks)): typeof greeter {
  return {
    ...greeter,
    setup: (context) => ({ ...greeter.setup(context), ...(typeof hooks === 'function' ? hooks() : hooks) }),
  };
}

/** Needs what nobody here provides. */
export const strict: PluginDefinition<'test-strict'> = {
  name: 'test-strict',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  setup(context) {
    const words = context.need('test-words');
    return {
      async start() {
        const greeting = await words.greeting('en');
        if (greeting === '') throw new NookError('unavailable', 'There are no words.');
      },
    };
  },
};

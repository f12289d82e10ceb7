import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { type Config, configSchema } from './config.ts';
import type { Greeter } from './contract.ts';
import { greetingCheck } from './doctor.ts';
import { registerMethods } from './methods.ts';

/** The definition. Nothing happens until a daemon calls `setup`, which wires and does nothing else. */
export const plugin: PluginDefinition<'template-name', Config> = {
  name: 'template-name',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: configSchema,
  setup(context) {
    const { events, log } = context;
    let { config } = context;
    const greeter: Greeter = {
      greet(name) {
        events.publish('template-name.greeted', { name });
        return `${config.greeting}, ${name}!`;
      },
    };
    context.provide('templateName', greeter);
    context.contribute(
      'doctor.check',
      greetingCheck(() => config.greeting),
    );
    registerMethods(context, greeter);
    return {
      start: () => log.debug('started'),
      // Called when the section was changed; without it, a change waits for a restart.
      reload(next) {
        config = next;
      },
      stop: () => log.debug('stopped'),
    };
  },
};

import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { configSchema, type WebhookConfig } from './config.ts';
import { Deliverer } from './deliverer.ts';
import { delivererOptions } from './deliverer-options.ts';
import { receiverCheck } from './doctor.ts';
import { registerMethods } from './methods.ts';
import { once } from './once.ts';
import { migrations, readTarget } from './target.ts';

/** Delivers events to an HTTP endpoint, signed, in order, with retries. */
export const webhook: PluginDefinition<'webhook', WebhookConfig> = {
  name: 'webhook',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: configSchema,
  deadlines: { stop: 10_000 },
  setup(context) {
    const { events, store } = context;
    let { config } = context;
    store.migrate(migrations);
    const deliverer = new Deliverer(delivererOptions(config, context));
    deliverer.aim(readTarget(store, config));
    const listener = once((event) => deliverer.offer(event));
    const unsubscribe = config.topics.map((topic) => events.subscribe(topic, listener));
    registerMethods(context, deliverer, () => config);
    context.contribute(
      'doctor.check',
      receiverCheck(() => deliverer.stats()),
    );
    return {
      start: () => deliverer.start(),
      reload(next) {
        const before = readTarget(store, config);
        const after = readTarget(store, next);
        const left = (['topics', 'queue'] as const).filter((key) => String(next[key]) !== String(config[key]));
        config = next;
        deliverer.configure(delivererOptions(next, context));
        if (before?.href !== after?.href) deliverer.aim(after);
        return left;
      },
      stop: (signal) => deliverer.stop(signal),
      dispose() {
        for (const end of unsubscribe) end();
        deliverer.close();
      },
    };
  },
};

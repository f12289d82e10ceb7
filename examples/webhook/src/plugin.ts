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
    const { config, events, store } = context;
    store.migrate(migrations);
    const deliverer = new Deliverer(delivererOptions(context, config.secret ?? ''));
    // Without a key there is nowhere to go, also not where an earlier daemon was told to.
    deliverer.aim(config.secret === undefined ? undefined : readTarget(store, config.url));
    const listener = once((event) => deliverer.offer(event));
    const unsubscribe = config.topics.map((topic) => events.subscribe(topic, listener));
    registerMethods(context, deliverer);
    context.contribute(
      'doctor.check',
      receiverCheck(() => deliverer.stats()),
    );
    return {
      start: () => deliverer.start(),
      stop: (signal) => deliverer.stop(signal),
      dispose() {
        for (const end of unsubscribe) end();
        deliverer.close();
      },
    };
  },
};

import type { Clock, EventBus, Events, Logger, NookEvent } from '@nook/daemonapi';
import { topicMatcher } from './topic-pattern.ts';

interface Subscription {
  readonly matches: (topic: string) => boolean;
  readonly listener: (event: NookEvent) => void;
}

export class Bus implements EventBus {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #subscriptions = new Set<Subscription>();
  #seq = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  publish<T extends keyof Events>(topic: T, data: Events[T]): void {
    const event = { seq: ++this.#seq, topic, at: this.#clock.now(), data } as unknown as NookEvent;
    for (const { matches, listener } of [...this.#subscriptions]) {
      if (!matches(topic)) continue;
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ err: error, topic }, 'a listener failed');
      }
    }
  }

  subscribe(pattern: string, listener: (event: NookEvent) => void): () => void {
    const subscription = { matches: topicMatcher(pattern), listener };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }
}

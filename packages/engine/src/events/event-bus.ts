import type { Clock, EventBus, Events, Logger, NookEvent, PublishOptions } from '@nook/daemonapi';
import type { EventLog } from './event-log.ts';
import { topicMatcher } from './topic-pattern.ts';

/** @param kept the event can be read from the log later */
type Listener = (event: NookEvent, kept: boolean) => void;

interface Subscription {
  readonly matches: (topic: string) => boolean;
  readonly listener: Listener;
}

export class Bus implements EventBus {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: EventLog;
  readonly #subscriptions = new Set<Subscription>();
  #published = 0;

  constructor(parts: { readonly clock: Clock; readonly log: Logger; readonly events: EventLog }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#events = parts.events;
  }

  /** How many since the start. */
  get published(): number {
    return this.#published;
  }

  publish<T extends keyof Events>(topic: T, data: Events[T], options: PublishOptions = {}): void {
    const event = { seq: this.#events.next(), topic, at: this.#clock.now(), data } as unknown as NookEvent;
    const kept = options.durable === true && this.#events.append(event);
    this.#published++;
    for (const { matches, listener } of [...this.#subscriptions]) {
      if (!matches(topic)) continue;
      try {
        listener(event, kept);
      } catch (error) {
        this.#log.error({ err: error, topic }, 'a listener failed');
      }
    }
  }

  subscribe(pattern: string, listener: Listener): () => void {
    return this.#add({ matches: topicMatcher(pattern), listener });
  }

  /** As `subscribe`, for topics that any of the patterns matches. */
  subscribeAny(patterns: readonly string[], listener: Listener): () => void {
    return this.#add({ matches: anyMatcher(patterns), listener });
  }

  #add(subscription: Subscription): () => void {
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }
}

export function anyMatcher(patterns: readonly string[]): (topic: string) => boolean {
  const matchers = patterns.map(topicMatcher);
  return (topic) => matchers.some((matches) => matches(topic));
}

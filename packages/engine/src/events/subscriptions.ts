import { Subscription } from './subscription.ts';

type Parts = ConstructorParameters<typeof Subscription>[0];

/** The subscriptions of clients. They end when the daemon stops, so that it does not wait for them. */
export class Subscriptions {
  readonly #open = new Set<Subscription>();
  #ended = false;
  #delivered = 0;
  #missed = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Events sent to subscribers, and those that they were too slow for, since the start. */
  get totals(): { readonly delivered: number; readonly missed: number } {
    let [delivered, missed] = [this.#delivered, this.#missed];
    for (const subscription of this.#open) {
      delivered += subscription.delivered;
      missed += subscription.missed;
    }
    return { delivered, missed };
  }

  async run(parts: Parts): Promise<{ cursor: number; delivered: number; missed: number }> {
    const subscription = new Subscription(parts);
    this.#open.add(subscription);
    if (this.#ended) subscription.end();
    try {
      await subscription.run();
    } finally {
      this.#open.delete(subscription);
      this.#delivered += subscription.delivered;
      this.#missed += subscription.missed;
    }
    const { cursor, delivered, missed } = subscription;
    return { cursor, delivered, missed };
  }

  end(): void {
    this.#ended = true;
    for (const subscription of this.#open) subscription.end();
  }
}

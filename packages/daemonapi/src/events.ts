/** Topic → data. Plugins augment it by declaration merging; topics are dotted words, e.g. `vm.state`. */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by plugins
export interface Events {}

export type NookEvent<T extends keyof Events = keyof Events> = {
  [K in T]: {
    /** Grows with every event, also over restarts of the daemon: the cursor from which durable events can be replayed. */
    readonly seq: number;
    readonly topic: K;
    /** Milliseconds since the Unix epoch. */
    readonly at: number;
    readonly data: Events[K];
  };
}[T];

/** An event as a client receives it. */
export interface ReceivedEvent {
  readonly seq: number;
  readonly topic: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly data: unknown;
  /** How many events before this one the receiver was too slow for, or are no longer kept. */
  readonly gap?: number;
}

export interface PublishOptions {
  /** Kept in the store, so that it can be read and replayed later. Costs a write: for what changes state. */
  readonly durable?: boolean;
}

/** In-process bus. An event is news, never the only place where a fact is kept: state must not depend on receiving one. */
export interface EventBus {
  publish<T extends keyof Events>(topic: T, data: Events[T], options?: PublishOptions): void;
  /**
   * Calls `listener` for every later event whose topic matches `pattern`: `*` stands for one segment, `**` for any number.
   * A listener that throws is logged and stays subscribed.
   * @returns the call that ends the subscription
   */
  subscribe(pattern: string, listener: (event: NookEvent) => void): () => void;
}

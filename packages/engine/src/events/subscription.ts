import type { NookEvent, ReceivedEvent } from '@nook/daemonapi';
import type { EventSink } from '../engine-call.ts';
import type { Bus } from './event-bus.ts';
import { anyMatcher } from './event-bus.ts';
import { type EventLog, READ_AT_ONCE } from './event-log.ts';

interface Parts {
  readonly bus: Bus;
  readonly log: EventLog;
  readonly sink: EventSink;
  readonly patterns: readonly string[];
  /** Durable events after this cursor come first. */
  readonly since?: number | undefined;
  /** Told once everything from before is sent. */
  readonly onLive: () => void;
}

/**
 * What one subscriber is sent. Nothing waits for it: while it does not read, events that are not kept are counted as a gap,
 * and those that are kept are read from the log when it reads again.
 */
export class Subscription {
  readonly #parts: Parts;
  readonly #matches: (topic: string) => boolean;
  readonly #ended = Promise.withResolvers<void>();
  #unsubscribe: () => void = () => {};
  #cursor: number;
  #gap: number;
  #live = false;
  #over = false;
  delivered = 0;
  /** Events that it did not get. */
  missed = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#matches = anyMatcher(parts.patterns);
    this.#cursor = parts.since ?? parts.log.cursor;
    this.#gap = parts.since === undefined ? 0 : parts.log.missing(parts.since);
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Settles when the subscription is ended, and rejects when its caller ends it. */
  async run(): Promise<void> {
    const { bus, patterns, sink } = this.#parts;
    const onAbort = () => this.#ended.reject(sink.signal.reason);
    sink.signal.addEventListener('abort', onAbort, { once: true });
    this.#unsubscribe = bus.subscribeAny(patterns, this.#onEvent);
    try {
      if (sink.signal.aborted) throw sink.signal.reason;
      const caughtUp = this.#catchUp().then(this.#parts.onLive);
      await Promise.race([Promise.all([caughtUp, this.#ended.promise]), this.#ended.promise]);
    } finally {
      this.end();
      sink.signal.removeEventListener('abort', onAbort);
    }
  }

  end(): void {
    this.#over = true;
    this.#unsubscribe();
    this.#ended.resolve();
  }

  readonly #onEvent = (event: NookEvent, kept: boolean): void => {
    if (this.#live && this.#parts.sink.hasRoom) {
      this.#send(event as unknown as ReceivedEvent);
      return;
    }
    if (!kept) {
      this.#gap++;
      this.missed++;
    }
    if (!this.#live) return;
    this.#live = false;
    this.#catchUp().catch((error: unknown) => this.#ended.reject(error));
  };

  /** Sends what the log has, at the pace of the reader, until there is nothing more. */
  async #catchUp(): Promise<void> {
    const { log, sink } = this.#parts;
    while (!this.#over) {
      if (!sink.hasRoom) {
        await sink.drained();
        continue;
      }
      const page = log.read(this.#cursor);
      for (const { event } of page) {
        if (!sink.hasRoom) break;
        if (this.#matches(event.topic)) this.#send(event);
        else this.#cursor = event.seq;
      }
      if (page.length === READ_AT_ONCE) {
        // Others get their turn between two pages.
        await new Promise(setImmediate);
      } else if (this.#cursor >= (page.at(-1)?.event.seq ?? 0)) {
        // Nothing is published between this look at the log and the next event.
        this.#cursor = log.cursor;
        this.#live = true;
        return;
      }
    }
  }

  #send(event: ReceivedEvent): void {
    this.#parts.sink.event(this.#gap === 0 ? event : { ...event, gap: this.#gap });
    this.#gap = 0;
    this.#cursor = event.seq;
    this.delivered++;
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, Logger, NookEvent } from '@nook/daemonapi';
import { type Backoff, backoffMs } from './backoff.ts';
import { afterFailure, type Breaker, type BreakerOptions, CLOSED, stateOf, waitOf } from './breaker.ts';
import type { WebhookStats } from './contract.ts';
import { type Delivery, deliveryOf } from './delivery.ts';
import { Poster } from './post.ts';
import { BoundedQueue } from './queue.ts';
import { signatureHeaders } from './sign.ts';

export interface DelivererOptions {
  readonly secret: string;
  readonly queue: number;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly breaker: BreakerOptions;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Statuses below 500 that are worth another attempt: too slow, too early, too many. */
const PASSING = new Set([408, 425, 429]);

/** Delivers one event after the other, in their order. */
export class Deliverer {
  #options: DelivererOptions;
  readonly #queue: BoundedQueue<Delivery>;
  readonly #poster = new Poster();
  readonly #counts = { delivered: 0, dropped: 0, skipped: 0 };
  #target: URL | undefined;
  #breaker: Breaker = CLOSED;
  /** The one that is tried, or waits to be tried again. */
  #current: Delivery | undefined;
  #lastError: string | undefined;
  #lastDeliveredAt: number | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Aborted whenever what is waited for, or tried, may no longer be what should be. */
  #interrupt = new AbortController();
  /** Called when there is something to do; there only while there is not. */
  #wake: () => void = () => {};

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(options.queue);
  }

  /** Takes an event; never waits. */
  offer(event: NookEvent): void {
    if (this.#stopping) this.#counts.dropped++;
    else if (this.#target === undefined) this.#counts.skipped++;
    else {
      if (this.#queue.push(deliveryOf(event)) !== undefined) this.#counts.dropped++;
      this.#wake();
    }
  }

  /** From now on to this URL, also those that wait, and the one that is on its way to another. */
  aim(url: URL | undefined): void {
    this.#target = url;
    this.#breaker = CLOSED;
    this.#lastError = undefined;
    if (this.#current !== undefined) this.#current.notBefore = 0;
    if (url === undefined) this.#dropAll();
    this.#interrupted();
  }

  /** From now on with these options, but for the length of the queue. */
  configure(options: DelivererOptions): void {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Tries what waits once more, until something fails or the signal is aborted; the rest is dropped. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    const giveUp = () => this.#giveUp();
    // What has failed before would have to be waited for.
    if (signal.aborted || this.#running === undefined || (this.#current?.attempts ?? 0) > 0) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    this.#wake();
    await this.#running;
    signal.removeEventListener('abort', giveUp);
  }

  close(): void {
    this.#giveUp();
    this.#poster.close();
  }

  stats(): WebhookStats {
    return {
      target: this.#target?.origin ?? null,
      breaker: stateOf(this.#breaker, this.#now()),
      queued: this.#queue.size + (this.#current === undefined ? 0 : 1),
      ...this.#counts,
      ...(this.#lastError === undefined ? {} : { last_error: this.#lastError }),
      ...(this.#lastDeliveredAt === undefined ? {} : { last_delivered_at: this.#lastDeliveredAt }),
    };
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#current ??= this.#queue.shift();
      if (this.#current === undefined || this.#target === undefined) {
        if (this.#stopping) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const { signal } = this.#interrupt;
      const now = this.#now();
      const waitMs = Math.max(waitOf(this.#breaker, now), this.#current.notBefore - now);
      if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => {});
      else await this.#attempt(this.#current, this.#target, signal);
    }
  }

  async #attempt(delivery: Delivery, url: URL, interrupt: AbortSignal): Promise<void> {
    const { secret, timeoutMs, clock } = this.#options;
    const { id, topic, body } = delivery;
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'x-nook-delivery': id,
      'x-nook-topic': topic,
      ...signatureHeaders(secret, body, clock.now()),
    };
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
    const outcome = await this.#poster
      .post({ url, headers, body, signal: AbortSignal.any([interrupt, late.signal]) })
      .catch((error: Error) => error);
    clearTimeout(timer);
    // Interrupted: it did not fail, and is tried again, or was dropped by whoever interrupted.
    if (interrupt.aborted || this.#current !== delivery) return;
    if (outcome instanceof Error) this.#failed(delivery, outcome.message);
    else if (outcome >= 200 && outcome < 300) this.#delivered();
    else if (outcome >= 500 || PASSING.has(outcome)) this.#failed(delivery, `status ${outcome}`);
    else this.#refused(delivery, outcome);
  }

  #delivered(): void {
    this.#current = undefined;
    this.#counts.delivered++;
    this.#breaker = CLOSED;
    this.#lastError = undefined;
    this.#lastDeliveredAt = this.#options.clock.now();
  }

  /** The receiver is there and does not want this one: no reason to keep the others from it. */
  #refused(delivery: Delivery, status: number): void {
    this.#breaker = CLOSED;
    this.#lastError = `status ${status}`;
    this.#drop(delivery, 'it was refused');
  }

  #failed(delivery: Delivery, reason: string): void {
    const { attempts, backoff, breaker, log } = this.#options;
    const now = this.#now();
    const before = stateOf(this.#breaker, now);
    this.#lastError = reason;
    this.#breaker = afterFailure(this.#breaker, breaker, now);
    delivery.attempts++;
    delivery.notBefore = now + backoffMs(backoff, delivery.attempts, Math.random());
    if (before === 'closed' && stateOf(this.#breaker, now) === 'open') {
      log.warn({ target: this.#target?.origin, reason }, 'the receiver fails; deliveries pause');
    }
    if (delivery.attempts >= attempts) this.#drop(delivery, 'all attempts failed');
    if (this.#stopping) this.#giveUp();
  }

  #drop({ id, topic }: Delivery, why: string): void {
    this.#current = undefined;
    this.#counts.dropped++;
    this.#options.log.warn({ delivery: id, topic, reason: this.#lastError }, `an event was dropped: ${why}`);
  }

  #giveUp(): void {
    this.#stopping = true;
    const dropped = this.#dropAll();
    if (dropped > 0) this.#options.log.warn({ events: dropped }, 'events were dropped: the daemon stops');
    this.#interrupted();
  }

  #dropAll(): number {
    const dropped = this.#queue.clear() + (this.#current === undefined ? 0 : 1);
    this.#current = undefined;
    this.#counts.dropped += dropped;
    return dropped;
  }

  #interrupted(): void {
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
    this.#wake();
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}

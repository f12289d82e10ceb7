import { randomUUID } from 'node:crypto';
import type { NookEvent } from '@nook/daemonapi';

/** One event on its way. */
export interface Delivery {
  /** The same in every attempt, so that a receiver can tell a repetition. */
  readonly id: string;
  readonly topic: string;
  readonly body: string;
  attempts: number;
  /** Not to be tried before, in monotonic milliseconds. */
  notBefore: number;
}

export function deliveryOf({ seq, topic, at, data }: NookEvent): Delivery {
  const id = randomUUID();
  return { id, topic: String(topic), body: JSON.stringify({ id, seq, topic, at, data }), attempts: 0, notBefore: 0 };
}

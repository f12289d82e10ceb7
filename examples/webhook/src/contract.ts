import type { RpcMethod } from '@nook/daemonapi';

/** `closed`: deliveries are tried. `open`: none are, for a while. `half_open`: one is, to see whether the receiver is back. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** Every event that matched is counted once: `delivered + dropped + skipped + queued`. All since the daemon started. */
export interface WebhookStats {
  /** Scheme, host and port of where events go; null when they go nowhere. The rest of the URL may be a secret. */
  readonly target: string | null;
  readonly breaker: BreakerState;
  /** Waiting, or being tried. */
  readonly queued: number;
  /** Answered with a status of 200 to 299. */
  readonly delivered: number;
  /** Given up: the queue was full, the receiver refused for good, all attempts failed, or the daemon stopped. */
  readonly dropped: number;
  /** Came while there was no URL. */
  readonly skipped: number;
  /** Why the latest attempt failed; absent when it did not. */
  readonly last_error?: string;
  /** Milliseconds since the Unix epoch. */
  readonly last_delivered_at?: number;
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    /** From now on events go there, those that wait as well; null ends it. Kept over restarts, before `[webhook] url`. */
    'webhook.set': RpcMethod<{ readonly url: string | null }, WebhookStats>;
    'webhook.stats': RpcMethod<Record<string, never>, WebhookStats>;
  }
}

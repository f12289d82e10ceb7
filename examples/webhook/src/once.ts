import type { NookEvent } from '@nook/daemonapi';

/** More events than any listener publishes while another one is told. */
const REMEMBERED = 256;

/** Passes each event on once, also when several of the subscribed patterns match it. */
export function once(listener: (event: NookEvent) => void): (event: NookEvent) => void {
  const seen = new Set<number>();
  return (event) => {
    if (seen.has(event.seq)) return;
    seen.add(event.seq);
    const [oldest] = seen;
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
    listener(event);
  };
}

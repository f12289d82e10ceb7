import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { WebhookStats } from './contract.ts';

/** What the last deliveries say of the receiver. Sends nothing by itself: a receiver cannot tell a test from an event. */
export function receiverCheck(stats: () => WebhookStats): DoctorCheck {
  return { name: 'webhook.receiver', run: async () => [findingOf(stats())] };
}

function findingOf({ target, breaker, queued, delivered, dropped, last_error }: WebhookStats): DoctorFinding {
  const item = 'webhook receiver';
  if (target === null) return { status: 'ok', item, evidence: 'no URL is set: nothing is delivered' };
  const evidence = `${target}: ${delivered} delivered, ${dropped} dropped, ${queued} waiting`;
  if (last_error === undefined) return { status: 'ok', item, evidence };
  return {
    status: breaker === 'closed' ? 'warning' : 'error',
    item,
    evidence: `${evidence}; the last attempt failed: ${last_error}`,
    repair: 'Look at the receiver, or name another one: nook webhook set URL',
  };
}

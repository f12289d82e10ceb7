import { NookError, type ReceivedEvent } from '@nook/daemonapi';
import { z } from 'zod';
import type { EventSink } from '../engine-call.ts';
import { type OwnRow, row } from '../own-row.ts';
import { anyMatcher, type Bus } from './event-bus.ts';
import { type EventLog, READ_AT_ONCE } from './event-log.ts';
import type { Subscriptions } from './subscriptions.ts';

/** An answer ends after so many UTF-16 units, at three bytes each at the most: it always fits into a line. */
const ANSWER_LENGTH = 1024 * 1024;
/** `seq`, `at` and the words around them. */
const FRAME_LENGTH = 64;

const pattern = z
  .string()
  .max(256)
  .regex(/^(\*{1,2}|[\w-]+)(\.(\*{1,2}|[\w-]+)){0,15}$/, "must be words, '*' or '**', separated by dots");
const patterns = z.array(pattern).min(1).max(64).default(['**']);
const since = z.number().int().min(0).optional();
const event = z.object({
  seq: z.number(),
  topic: z.string(),
  at: z.number(),
  data: z.unknown(),
  gap: z.number().exactOptional(),
});

/** The `event.*` rows of the dispatch table. */
export function eventMethods(parts: {
  readonly bus: Bus;
  readonly log: EventLog;
  readonly subscriptions: Subscriptions;
}): readonly OwnRow[] {
  const { log, subscriptions } = parts;
  return [
    row('event.subscribe', {
      summary:
        'Sends events as they happen, until the call is cancelled; with `since`, first the durable ones after it.',
      access: 'read',
      params: z.strictObject({ patterns, since }),
      result: z.object({ cursor: z.number(), delivered: z.number(), missed: z.number() }),
      async run(params, call) {
        const sink = call as unknown as EventSink;
        if (!sink.multiplexed) {
          throw new NookError('bad_request', 'Events come before the answer, for which the request needs an id.');
        }
        const onLive = () => call.progress({ stage: 'following' });
        return subscriptions.run({ ...parts, ...params, sink, onLive });
      },
    }),
    row('event.list', {
      summary:
        'Lists durable events, the oldest first; `cursor` is the `since` of the next call, until there are none.',
      access: 'read',
      params: z.strictObject({ patterns, since, limit: z.number().int().min(1).max(10_000).default(1000) }),
      result: z.object({ events: z.array(event), cursor: z.number() }),
      run: (params) => listEvents(log, params),
    }),
  ];
}

interface Filter {
  readonly patterns: readonly string[];
  readonly since?: number | undefined;
  readonly limit: number;
}

async function listEvents(log: EventLog, { patterns: wanted, since: after = 0, limit }: Filter) {
  const matches = anyMatcher(wanted);
  const gap = log.missing(after);
  const events: ReceivedEvent[] = [];
  let cursor = after;
  let length = 0;
  for (;;) {
    const page = log.read(cursor);
    for (const { event: next, length: own } of page) {
      if (events.length === limit || length >= ANSWER_LENGTH) return { events, cursor };
      cursor = next.seq;
      if (!matches(next.topic)) continue;
      events.push(events.length === 0 && gap > 0 ? { ...next, gap } : next);
      length += own + FRAME_LENGTH;
    }
    if (page.length < READ_AT_ONCE) return { events, cursor };
    // Others get their turn between two pages.
    await new Promise(setImmediate);
  }
}

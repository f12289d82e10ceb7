import { type CliCommand, type CliContext, isNookError, type ReceivedEvent } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { numberOption } from '../program/number-option.ts';

export const events: CliCommand = {
  name: 'events',
  summary: 'Print what happened, one JSON object a line; with --follow also what happens from now on',
  options: {
    follow: { short: 'f', help: 'go on with new events, also those that are not kept, until it is ended' },
    since: { value: 'CURSOR', help: 'begin after the event with this `seq`; 0 is the oldest kept' },
    topic: { value: 'PATTERN', multiple: true, help: 'only these topics: * is one word, ** any number' },
  },
  examples: ["nook events --since 0 --topic 'vm.*'", "nook events --follow --topic 'vm.*' --topic 'op.*'"],
  async run({ options, context }) {
    const params = {
      ...(options.topic === undefined ? {} : { patterns: options.topic as readonly string[] }),
      ...(options.since === undefined ? {} : { since: numberOption(options, 'since') }),
    };
    await (options.follow === true ? follow(context, params) : list(context, params));
  },
};

interface Wanted {
  readonly patterns?: readonly string[];
  readonly since?: number;
}

async function list(context: CliContext, wanted: Wanted): Promise<void> {
  let since = wanted.since ?? 0;
  for (;;) {
    const page = await context.call('event.list', { ...wanted, since });
    for (const event of page.events) print(context, event);
    if (page.events.length === 0) return;
    since = page.cursor;
  }
}

/** Goes on where it was when the daemon is killed and started again. */
async function follow(context: CliContext, wanted: Wanted): Promise<void> {
  let since = wanted.since;
  const onEvent = (event: ReceivedEvent) => {
    since = event.seq;
    print(context, event);
  };
  for (;;) {
    try {
      await context.call('event.subscribe', { ...wanted, ...(since === undefined ? {} : { since }) }, { onEvent });
      return;
    } catch (error) {
      if (!isNookError(error) || error.code !== 'outcome_unknown') throw error;
    }
  }
}

function print(context: CliContext, event: ReceivedEvent): void {
  context.out.line(JSON.stringify(event));
}

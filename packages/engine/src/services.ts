import type { Clock } from '@nook/daemonapi';
import { CallRunner } from './call-runner.ts';
import { type DaemonConfig, retention } from './daemon-config.ts';
import type { Database } from './database.ts';
import { Bus } from './events/event-bus.ts';
import { EventLog } from './events/event-log.ts';
import { eventMethods } from './events/event-methods.ts';
import { Subscriptions } from './events/subscriptions.ts';
import { KeyRecords } from './idempotency/key-records.ts';
import { KeyedCalls } from './idempotency/keyed-calls.ts';
import type { RootLog } from './log.ts';
import { LoopDelay } from './metrics/loop-delay.ts';
import { OperationMetrics } from './metrics/operation-metrics.ts';
import type { OpContext } from './op-context.ts';
import { opMethods } from './operations/op-methods.ts';
import { OperationRecords } from './operations/operation-records.ts';
import { OperationTable } from './operations/operation-table.ts';
import type { OwnRow } from './own-row.ts';

interface Parts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: () => RootLog;
  readonly context: OpContext;
  /** As it is now: it may be reloaded. */
  readonly config: () => DaemonConfig;
}

/** What the engine offers to plugins and clients over its part of the store. To be made once its tables exist. */
export class Services {
  readonly bus: Bus;
  readonly events: EventLog;
  readonly operations: OperationTable;
  readonly runner: CallRunner;
  readonly subscriptions = new Subscriptions();
  readonly operationMetrics = new OperationMetrics();
  readonly loopDelay = new LoopDelay();

  constructor({ database, clock, log, context, config }: Parts) {
    const kept = (section: 'operations' | 'idempotency' | 'events') => retention(config()[section]);
    const now = () => clock.now();
    this.events = new EventLog({ database, log, now, retention: () => kept('events') });
    this.bus = new Bus({ clock, log: log(), events: this.events });
    this.operations = new OperationTable({
      ...{ clock, log, context },
      records: new OperationRecords(database),
      retention: () => kept('operations'),
      onChange: (view) => {
        const { op_id, method, state, error } = view;
        this.operationMetrics.note(view);
        const told = { op_id, method, state, ...(error === undefined ? {} : { error: error.code }) };
        this.bus.publish('op.state', told, { durable: true });
      },
    });
    const keys = new KeyRecords(database, () => kept('idempotency'));
    this.runner = new CallRunner({ operations: this.operations, keyed: new KeyedCalls(keys, { clock, log }), now });
    this.operations.recover();
    keys.recover();
  }

  methods(): readonly OwnRow[] {
    const { bus, events: log, subscriptions } = this;
    return [...opMethods(this.operations), ...eventMethods({ bus, log, subscriptions })];
  }

  /** Lets operations end, and interrupts what is left after the deadline. */
  drain(deadlineMs: number): Promise<void> {
    this.loopDelay[Symbol.dispose]();
    return this.operations.drain(deadlineMs);
  }
}

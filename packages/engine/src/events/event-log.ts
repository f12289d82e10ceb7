import type { Logger, ReceivedEvent } from '@nook/daemonapi';
import type { Database } from '../database.ts';
import type { Retention } from '../operations/operation-records.ts';

/** Numbers are taken from the store in blocks, so that events that are not kept cost no write. */
const BLOCK = 1000;
const PRUNE_EVERY = 500;
/** Fewer than these: there are no more. */
export const READ_AT_ONCE = 200;
/** What is kept must fit into answers together with others. In UTF-16 units of its JSON. */
const LONGEST_DATA = 64 * 1024;

interface Row {
  readonly seq: number;
  readonly topic: string;
  readonly at: number;
  readonly data: string;
}

export interface KeptEvent {
  readonly event: ReceivedEvent;
  /** Of what stands in its line, about: UTF-16 units. */
  readonly length: number;
}

interface Parts {
  readonly database: Database;
  readonly retention: () => Retention;
  readonly log: () => Logger;
  readonly now: () => number;
}

/** The durable events of this home, and the numbers of all. */
export class EventLog {
  readonly #parts: Parts;
  #seq: number;
  #reserved: number;
  #pruned: number;
  #sincePruned = 0;

  /** To be made once the tables exist. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#seq = this.#mark('reserved');
    this.#reserved = this.#seq;
    this.#pruned = this.#mark('pruned');
    this.#prune();
  }

  /** The number of the latest event. */
  get cursor(): number {
    return this.#seq;
  }

  /** A number that no event of this home has had. */
  next(): number {
    if (this.#seq >= this.#reserved) {
      const reserved = this.#seq + BLOCK;
      this.#keeping('numbers for events could not be reserved', () => this.#setMark('reserved', reserved));
      this.#reserved = reserved;
    }
    return ++this.#seq;
  }

  /** @returns whether it is kept; a store that fails costs the event its durability, and a line in the log */
  append({ seq, topic, at, data }: ReceivedEvent): boolean {
    return this.#keeping(`an event of topic '${topic}' could not be kept`, () => {
      const text = JSON.stringify(data ?? null);
      if (text.length > LONGEST_DATA) throw new Error(`Its data has ${text.length} characters of JSON.`);
      this.#parts.database.run('INSERT INTO engine_events VALUES (?, ?, ?, ?)', [seq, topic, at, text]);
      if (++this.#sincePruned >= PRUNE_EVERY) this.#prune();
    });
  }

  /** The next ones after a cursor, the oldest first, and never so many that others would wait long for their turn. */
  read(after: number): KeptEvent[] {
    const rows = this.#parts.database.all('SELECT * FROM engine_events WHERE seq > ? ORDER BY seq LIMIT ?', [
      after,
      READ_AT_ONCE,
    ]);
    return (rows as Row[]).map(({ data, ...rest }) => ({
      event: { ...rest, data: JSON.parse(data) as unknown },
      length: data.length + rest.topic.length,
    }));
  }

  /** How many numbers after a cursor cannot be told any more. From 0 on, everything that is kept is told without a gap. */
  missing(after: number): number {
    return after === 0 ? 0 : Math.max(0, this.#pruned - after);
  }

  #prune(): void {
    this.#sincePruned = 0;
    const { database, retention, now } = this.#parts;
    const { keep, keepMs } = retention();
    const latest = database.get('SELECT seq FROM engine_events ORDER BY seq DESC LIMIT 1 OFFSET ?', [keep]);
    const old = database.get('SELECT MAX(seq) AS seq FROM engine_events WHERE at < ?', [now() - keepMs]);
    const upTo = Math.max((latest as Row | undefined)?.seq ?? 0, (old as Row | undefined)?.seq ?? 0);
    if (upTo <= this.#pruned) return;
    database.transaction(() => {
      database.run('DELETE FROM engine_events WHERE seq <= ?', [upTo]);
      this.#setMark('pruned', upTo);
    });
    this.#pruned = upTo;
  }

  #keeping(otherwise: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#parts.log().error({ err: error }, otherwise);
      return false;
    }
  }

  #mark(name: string): number {
    const row = this.#parts.database.get('SELECT value FROM engine_marks WHERE name = ?', [name]);
    return (row as { readonly value: number }).value;
  }

  #setMark(name: string, value: number): void {
    this.#parts.database.run('UPDATE engine_marks SET value = ? WHERE name = ?', [value, name]);
  }
}

import type { Migration, Store } from '@nook/daemonapi';
import type { BootStep, CameUp } from '../contract.ts';

export const startTimesMigration: Migration = {
  name: 'start times',
  sql: `CREATE TABLE vm_start_times (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    way TEXT NOT NULL,
    steps TEXT NOT NULL
  ) STRICT`,
};

/** So many of the latest starts say what is usual. */
const KEPT = 20;

type Durations = Readonly<Record<string, number>>;

/** How long each step of a start usually takes on this host, for each way to come up. Milliseconds. */
export class UsualTimes {
  readonly #store: Store;
  readonly #known = new Map<CameUp, ReadonlyMap<string, number>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The medians of the latest starts; a step that none of them had is absent. */
  of(way: CameUp): ReadonlyMap<string, number> {
    const known = this.#known.get(way) ?? medians(this.#kept(way));
    this.#known.set(way, known);
    return known;
  }

  record(way: CameUp, steps: readonly BootStep[]): void {
    const durations = Object.fromEntries(steps.map(({ name, duration_ms }) => [name, duration_ms]));
    this.#store.transaction(() => {
      this.#store.run('INSERT INTO vm_start_times (way, steps) VALUES (?, ?)', way, JSON.stringify(durations));
      this.#store.run(
        `DELETE FROM vm_start_times WHERE way = ? AND number <=
          (SELECT number FROM vm_start_times WHERE way = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
        ...[way, way, KEPT],
      );
    });
    this.#known.delete(way);
  }

  #kept(way: CameUp): Durations[] {
    return this.#store
      .all<{ steps: string }>('SELECT steps FROM vm_start_times WHERE way = ?', way)
      .map(({ steps }) => JSON.parse(steps) as Durations);
  }
}

function medians(starts: readonly Durations[]): ReadonlyMap<string, number> {
  const names = new Set(starts.flatMap((durations) => Object.keys(durations)));
  return new Map([...names].map((name) => [name, median(starts.flatMap((durations) => durations[name] ?? []))]));
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

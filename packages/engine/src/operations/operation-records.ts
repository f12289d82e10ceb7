import type { ErrorCode, OperationState, OperationView, Progress, SqlValue } from '@nook/daemonapi';
import type { Database } from '../database.ts';

/** A stage with when it began, in milliseconds since the operation did. */
export interface KeptStage {
  readonly progress: Progress;
  readonly at_ms: number;
}

/** What the store keeps: the view, but for stages whose time still has to be told. */
export interface OperationRecord extends Omit<OperationView, 'stages'> {
  readonly stages: readonly KeptStage[];
}

export interface Retention {
  /** How many that have ended are kept. */
  readonly keep: number;
  /** How long they are kept, in milliseconds. */
  readonly keepMs: number;
}

export interface OperationFilter {
  readonly state?: OperationState | undefined;
  readonly method?: string | undefined;
  readonly limit: number;
  readonly after?: Pick<OperationView, 'begun_at' | 'op_id'> | undefined;
}

interface Row {
  readonly op_id: string;
  readonly method: string;
  readonly state: OperationState;
  readonly begun_at: number;
  readonly ended_at: number | null;
  readonly elapsed_ms: number;
  readonly stages: string;
  readonly result?: string | null;
  readonly error: string | null;
}

/** Without the result, which only its own view shows. */
const BRIEF = 'op_id, method, state, begun_at, ended_at, elapsed_ms, stages, error';

/** One that is gone was the oldest kept, or nearly so: nothing of its own millisecond is left behind it. */
const AFTER = '(begun_at < ? OR (begun_at = ? AND number < (SELECT number FROM engine_operations WHERE op_id = ?)))';

/** The operations of this home, as the store keeps them. */
export class OperationRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  transaction<T>(work: () => T): T {
    return this.#database.transaction(work);
  }

  exists(opId: string): boolean {
    return this.#database.get('SELECT 1 FROM engine_operations WHERE op_id = ?', [opId]) !== undefined;
  }

  insert({ op_id, method, begun_at }: Pick<OperationRecord, 'op_id' | 'method' | 'begun_at'>): void {
    this.#database.run(
      `INSERT INTO engine_operations (op_id, method, state, begun_at, elapsed_ms, stages) VALUES (?, ?, 'running', ?, 0, '[]')`,
      [op_id, method, begun_at],
    );
  }

  update(record: OperationRecord): void {
    this.#database.run(
      'UPDATE engine_operations SET state = ?, ended_at = ?, elapsed_ms = ?, stages = ?, result = ?, error = ? WHERE op_id = ?',
      [
        record.state,
        record.ended_at ?? null,
        record.elapsed_ms,
        JSON.stringify(record.stages),
        record.result === undefined ? null : JSON.stringify(record.result),
        record.error === undefined ? null : JSON.stringify(record.error),
        record.op_id,
      ],
    );
  }

  get(opId: string): OperationRecord | undefined {
    const row = this.#database.get('SELECT * FROM engine_operations WHERE op_id = ?', [opId]);
    return row === undefined ? undefined : fromRow(row as Row);
  }

  /** The latest first. */
  list({ state, method, limit, after }: OperationFilter): OperationRecord[] {
    const conditions: string[] = [];
    const values: SqlValue[] = [];
    for (const [column, value] of Object.entries({ state, method })) {
      if (value === undefined) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    if (after !== undefined) {
      conditions.push(AFTER);
      values.push(after.begun_at, after.begun_at, after.op_id);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#database.all(
      `SELECT ${BRIEF} FROM engine_operations ${where} ORDER BY begun_at DESC, number DESC LIMIT ?`,
      [...values, limit],
    );
    return (rows as Row[]).map(fromRow);
  }

  /** What an earlier process left running ended with it. @returns how many there were */
  interruptAll(now: number, message: string): number {
    const error: { code: ErrorCode; message: string } = { code: 'outcome_unknown', message };
    return this.#database.run(
      `UPDATE engine_operations SET state = 'interrupted', ended_at = ?, error = ? WHERE state = 'running'`,
      [now, JSON.stringify(error)],
    ).changes;
  }

  prune({ keep, keepMs }: Retention, now: number): void {
    this.#database.run(`DELETE FROM engine_operations WHERE state <> 'running' AND ended_at < ?`, [now - keepMs]);
    this.#database.run(
      `DELETE FROM engine_operations WHERE state <> 'running' AND number <= (
        SELECT number FROM engine_operations WHERE state <> 'running' ORDER BY number DESC LIMIT 1 OFFSET ?)`,
      [keep],
    );
  }
}

export function toView(record: OperationRecord): OperationView {
  const { stages, result, error, ended_at, ...rest } = record;
  return {
    ...rest,
    ...(ended_at === undefined ? {} : { ended_at }),
    stages: stages.map(({ progress, at_ms }, index) => ({
      ...progress,
      elapsed_ms: (stages[index + 1]?.at_ms ?? record.elapsed_ms) - at_ms,
    })),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  };
}

function fromRow({ ended_at, stages, result, error, ...row }: Row): OperationRecord {
  return {
    op_id: row.op_id,
    method: row.method,
    state: row.state,
    begun_at: row.begun_at,
    elapsed_ms: row.elapsed_ms,
    ...(ended_at === null ? {} : { ended_at }),
    stages: JSON.parse(stages) as KeptStage[],
    ...(result == null ? {} : { result: JSON.parse(result) as unknown }),
    ...(error === null ? {} : { error: JSON.parse(error) as NonNullable<OperationRecord['error']> }),
  };
}

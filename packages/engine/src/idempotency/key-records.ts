import { NookError } from '@nook/daemonapi';
import type { Database } from '../database.ts';

/**
 * `running`: being done by this process. `operation`: what it is now stands with its operation. `done`: the answer is kept.
 * `lost`: the daemon ended while it was done, so that nobody can say what became of it.
 */
type KeyState = 'running' | 'operation' | 'done' | 'lost';

export interface KeyRecord {
  readonly method: string;
  /** Fingerprint of the params. */
  readonly params: string;
  readonly op_id: string;
  readonly state: KeyState;
  /** JSON; absent when it was too long to be kept. */
  readonly answer: string | null;
}

export interface KeyRetention {
  readonly keep: number;
  /** Milliseconds. */
  readonly keepMs: number;
}

const PRUNE_EVERY = 200;

/** The idempotency keys that were used, as the store keeps them. */
export class KeyRecords {
  readonly #database: Database;
  readonly #retention: () => KeyRetention;
  #sincePruned = 0;

  constructor(database: Database, retention: () => KeyRetention) {
    this.#database = database;
    this.#retention = retention;
  }

  /** @throws NookError `conflict` when the key was used for something else */
  find(key: string, { method, params }: Pick<KeyRecord, 'method' | 'params'>): KeyRecord | undefined {
    const found = this.#database.get(
      'SELECT method, params, op_id, state, answer FROM engine_idempotency WHERE key = ?',
      [key],
    ) as KeyRecord | undefined;
    if (found === undefined || (found.method === method && found.params === params)) return found;
    throw new NookError(
      'conflict',
      `The idempotency key was used for ${found.method === method ? 'other params' : `'${found.method}'`}.`,
      { hint: 'Use a new key for a new request.', details: { op_id: found.op_id, method: found.method } },
    );
  }

  insert(key: string, record: Omit<KeyRecord, 'answer'>, now: number): void {
    this.#prune(now);
    const { method, params, op_id, state } = record;
    this.#database.run(
      'INSERT INTO engine_idempotency (key, method, params, op_id, state, at) VALUES (?, ?, ?, ?, ?, ?)',
      [key, method, params, op_id, state, now],
    );
  }

  finish(key: string, answer: string | null): void {
    this.#database.run(`UPDATE engine_idempotency SET state = 'done', answer = ? WHERE key = ?`, [answer, key]);
  }

  forget(key: string): void {
    this.#database.run('DELETE FROM engine_idempotency WHERE key = ?', [key]);
  }

  /** What an earlier process was doing was lost with it. */
  recover(): void {
    this.#database.run(`UPDATE engine_idempotency SET state = 'lost' WHERE state = 'running'`, []);
  }

  #prune(now: number): void {
    if (this.#sincePruned++ % PRUNE_EVERY !== 0) return;
    const { keep, keepMs } = this.#retention();
    this.#database.run(`DELETE FROM engine_idempotency WHERE state <> 'running' AND at < ?`, [now - keepMs]);
    this.#database.run(
      `DELETE FROM engine_idempotency WHERE state <> 'running' AND at <= (
        SELECT at FROM engine_idempotency WHERE state <> 'running' ORDER BY at DESC LIMIT 1 OFFSET ?)`,
      [keep],
    );
  }
}

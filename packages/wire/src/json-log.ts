import type { Logger } from '@nook/daemonapi';
import { RotatingFile } from './rotating-file.ts';

/** All runs together. */
const LIMIT = 8 * 1024 * 1024;

type Level = keyof Logger | 'fatal';

/**
 * The log of a vmhost or nethost: lines of the shape that pino gives the daemon's. Not pino itself, which costs each
 * of them 2.4 MB of memory of its own (docs/decisions/0004-vmhost-memory.md).
 */
export class JsonLog implements Logger {
  readonly trace = this.#method('trace');
  readonly debug = this.#method('debug');
  readonly info = this.#method('info');
  readonly warn = this.#method('warn');
  readonly error = this.#method('error');
  readonly fatal = this.#method('fatal');
  readonly #file: RotatingFile;
  readonly #fields: () => Record<string, unknown>;

  /** @param fields stand on every line, after level and time */
  constructor(path: string, fields: () => Record<string, unknown>) {
    this.#file = new RotatingFile(path, 'a', LIMIT);
    this.#fields = fields;
  }

  #method(level: Level) {
    return (first: string | Readonly<Record<string, unknown>>, message?: string): void => {
      const fields = typeof first === 'string' ? {} : first;
      const msg = typeof first === 'string' ? first : message;
      const line = JSON.stringify({ level, time: new Date().toISOString(), ...this.#fields(), ...fields, msg }, errors);
      this.#file.write(`${line}\n`);
    };
  }
}

function errors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack } : value;
}

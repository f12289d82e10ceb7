import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Dirs, Logger } from '@nook/daemonapi';
import pino from 'pino';
import type { OpContext } from './op-context.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** The daemon's own log, of which each plugin gets a child. */
export interface RootLog extends Logger {
  /** Changes the level of this one and of its children. */
  setLevel(level: LogLevel): void;
  child(fields: Readonly<Record<string, unknown>>): Logger;
  isLevelEnabled(level: string): boolean;
}

const SECRETS = ['token', 'password', 'secret', 'authorization', 'idempotency_key'];
const MAX_BYTES = 16 * 1024 * 1024;

export function logPath(dirs: Pick<Dirs, 'state'>): string {
  return join(dirs.state, 'logs', 'nookd.log');
}

/**
 * Opens the log for appending. Lines are written synchronously: they are few, since reads are logged at debug, and the
 * last ones before a crash are those that matter.
 */
export function openLog(path: string, options: { readonly level: LogLevel; readonly context: OpContext }): RootLog {
  const { level, context } = options;
  if (level === 'silent') return rootLog(pino({ level }));
  rotate(path);
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { err: pino.stdSerializers.err },
      mixin: () => (context.opId === undefined ? {} : { op_id: context.opId }),
    },
    pino.destination({ dest: path, sync: true, mode: 0o600 }),
  );
  return rootLog(log);
}

/** A child of pino's keeps the level that it was made with. */
function rootLog(log: pino.Logger): RootLog {
  const children: pino.Logger[] = [];
  return Object.assign(log, {
    setLevel(level: LogLevel) {
      for (const each of [log, ...children]) each.level = level;
    },
    child: (fields: Readonly<Record<string, unknown>>) => {
      const child = pinoChild(log, fields);
      children.push(child);
      return child;
    },
  });
}

function pinoChild(log: pino.Logger, fields: object): pino.Logger {
  return Object.getPrototypeOf(log).child.call(log, fields) as pino.Logger;
}

/** Keeps one previous file. Only at start: while the daemon runs, its log file stays the same one. */
function rotate(path: string): void {
  if (existsSync(path) && statSync(path).size > MAX_BYTES) renameSync(path, path.replace(/\.log$/, '.1.log'));
}

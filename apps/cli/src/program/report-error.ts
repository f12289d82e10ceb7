import { isNookError } from '@nook/daemonapi';
import { opIdOf } from '@nook/wire';
import { UsageError } from './usage-error.ts';

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly op_id?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a user is told about anything thrown. `opId` is given when the daemon was called: it greps through the logs. */
export function reportOf(error: unknown, opId?: string): ErrorReport {
  const known = opIdOf(error) ?? opId;
  const op_id = known === undefined ? {} : { op_id: known };
  if (error instanceof UsageError) return { code: 'usage', message: error.message, hint: error.hint };
  if (isNookError(error)) {
    const { code, message, hint, details } = error;
    return { code, message, ...(hint !== undefined && { hint }), ...op_id, ...(details && { details }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, hint: 'This is a fault of nook. NOOK_DEBUG=1 shows where.', ...op_id };
}

/** Three parts on lines of their own: what failed, what to do, the op id. With `--json`, one JSON object. */
export function formatError(report: ErrorReport, json: boolean): string {
  if (json) return JSON.stringify({ error: report });
  const lines = [`error: ${report.message}`];
  if (report.hint !== undefined) lines.push(`hint: ${report.hint}`);
  if (report.op_id !== undefined) lines.push(`op id: ${report.op_id}`);
  return lines.join('\n');
}

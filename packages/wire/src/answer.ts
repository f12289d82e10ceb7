import { NookError, type Progress, type ReceivedEvent } from '@nook/daemonapi';
import { MAX_LINE_BYTES } from './limits.ts';
import type { RequestId } from './request.ts';
import { toWireError } from './wire-error.ts';

export type WireEvent = ReceivedEvent;

/** A progress line as received. */
export interface WireProgress extends Progress {
  /** Since the call began. */
  readonly elapsed_ms: number;
}

/** @throws when the fields cannot be said in JSON, or not in one line */
export function answerLine(id: RequestId | undefined, fields: Record<string, unknown>): string {
  const body = JSON.stringify(fields);
  const line = `{${idField(id)}"ok":true${body === '{}' ? '' : `,${body.slice(1, -1)}`}}\n`;
  // A UTF-16 unit takes at most three bytes, so that most lines need no counting.
  if (line.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(line) > MAX_LINE_BYTES) {
    throw new NookError('operation_failed', `The answer is longer than ${MAX_LINE_BYTES} bytes.`, {
      hint: 'Ask for less at once.',
    });
  }
  return line;
}

export function errorLine(id: RequestId | undefined, error: unknown, opId: string): string {
  const wireError = toWireError(error, opId);
  let body: string;
  try {
    body = JSON.stringify(wireError);
  } catch {
    const { details: _, ...rest } = wireError;
    body = JSON.stringify(rest);
  }
  return `{${idField(id)}"ok":false,"error":${body}}\n`;
}

export function progressLine(id: RequestId, progress: Progress, elapsedMs: number): string {
  return `{${idField(id)}"progress":${JSON.stringify({ ...progress, elapsed_ms: elapsedMs })}}\n`;
}

export function eventLine(id: RequestId, event: WireEvent): string {
  return `{${idField(id)}"event":${eventText(event)}}\n`;
}

let lastEvent: WireEvent | undefined;
let lastText = '';

/** One event goes to many subscribers in a row: its text is made once. */
export function eventText(event: WireEvent): string {
  if (event !== lastEvent) {
    lastText = JSON.stringify(event);
    lastEvent = event;
  }
  return lastText;
}

function idField(id: RequestId | undefined): string {
  if (id === undefined) return '';
  return typeof id === 'number' ? `"id":${id},` : `"id":${JSON.stringify(id)},`;
}

import { isNookError, NookError, type Progress, type ReceivedEvent } from '@nook/daemonapi';
import { jsonRpcAnswer, jsonRpcError, jsonRpcEvent, jsonRpcProgress } from './json-rpc.ts';
import { lineBytes, MAX_LINE_BYTES } from './limits.ts';
import type { Addressee, RequestId } from './request.ts';
import { toWireError, type WireError } from './wire-error.ts';

export type WireEvent = ReceivedEvent;

/** A progress line as received. */
export interface WireProgress extends Progress {
  /** Since the call began. */
  readonly elapsed_ms: number;
}

/** @throws when the fields cannot be said in JSON, or not in one line */
export function answerLine(to: Addressee, fields: Record<string, unknown>): string {
  const line = to.jsonRpc === undefined ? nookAnswer(to.id, fields) : jsonRpcAnswer(to, fields);
  const bytes = lineBytes(line);
  if (bytes <= MAX_LINE_BYTES) return line;
  throw new NookError('operation_failed', `The answer has ${bytes} bytes, more than the ${MAX_LINE_BYTES} of a line.`, {
    hint: "Ask for less at once: lists that grow take 'limit', and go on 'after' an item.",
    details: { bytes, max_bytes: MAX_LINE_BYTES },
  });
}

/** The answer was longer than a line may be: asking for less may help. */
export function isTooLong(error: unknown): boolean {
  return isNookError(error) && error.code === 'operation_failed' && error.details?.max_bytes !== undefined;
}

function nookAnswer(id: RequestId | undefined, fields: Record<string, unknown>): string {
  const body = JSON.stringify(fields);
  return `{${idField(id)}"ok":true${body === '{}' ? '' : `,${body.slice(1, -1)}`}}\n`;
}

export function errorLine(to: Addressee, error: unknown, opId: string): string {
  const wireError = toWireError(error, opId);
  const line = (what: WireError) =>
    to.jsonRpc === undefined
      ? `{${idField(to.id)}"ok":false,"error":${JSON.stringify(what)}}\n`
      : jsonRpcError(to, what, error);
  try {
    const whole = line(wireError);
    if (lineBytes(whole) <= MAX_LINE_BYTES) return whole;
  } catch {
    // Details that JSON cannot say.
  }
  const { details: _, ...rest } = wireError;
  return line(rest);
}

export function progressLine(to: Addressee, progress: Progress, elapsedMs: number): string {
  if (to.jsonRpc !== undefined) return jsonRpcProgress(to, progress, elapsedMs);
  return `{${idField(to.id)}"progress":${JSON.stringify({ ...progress, elapsed_ms: elapsedMs })}}\n`;
}

export function eventLine(to: Addressee, event: WireEvent): string {
  if (to.jsonRpc !== undefined) return jsonRpcEvent(to, event);
  return `{${idField(to.id)}"event":${eventText(event)}}\n`;
}

let lastEvent: WireEvent | undefined;
let lastText = '';

/** One event goes to many subscribers in a row: its text is made once. */
function eventText(event: WireEvent): string {
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

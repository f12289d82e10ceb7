import type { Readable } from 'node:stream';
import { fromWireError } from '@nook/wire';

export type ReadyLine = { readonly pid: number } | { readonly error: Error };

const MAX_LENGTH = 256 * 1024;

/**
 * Reads the one line with which a daemon says that it is ready, or why not.
 * @returns nothing when the pipe ends, or the signal is aborted, before it said anything
 */
export async function readReadyLine(pipe: Readable, signal: AbortSignal): Promise<ReadyLine | undefined> {
  const stop = () => pipe.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let text = '';
  try {
    for await (const chunk of pipe) {
      text += String(chunk);
      if (text.includes('\n') || text.length > MAX_LENGTH) break;
    }
  } catch {
    // Destroyed by the signal.
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return parseReadyLine(text);
}

function parseReadyLine(text: string): ReadyLine | undefined {
  try {
    const line = JSON.parse(text.slice(0, text.indexOf('\n'))) as { readonly pid?: unknown; readonly error?: unknown };
    if (line.error !== undefined) return { error: fromWireError(line.error) };
    return typeof line.pid === 'number' ? { pid: line.pid } : undefined;
  } catch {
    return undefined;
  }
}

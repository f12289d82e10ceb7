import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { consoleFile, type HostEnd } from '../vmhost/host-spec.ts';

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 20;

/** How the latest run of a VM ended. */
export interface LastWords {
  readonly exit_code?: number | undefined;
  readonly signal?: string | undefined;
  readonly last_phase?: string | undefined;
  /** Of a failure. */
  readonly console_tail?: readonly string[] | undefined;
}

interface Died {
  readonly boot: number;
  /** What the vmhost had said last. */
  readonly phase: string | undefined;
}

/** As the vmhost wrote it down; of one that died before it could: what is known without it. */
export async function lastWords(dir: string, end: HostEnd | undefined, died: Died): Promise<LastWords> {
  if (!end) return { last_phase: died.phase, console_tail: await consoleTail(join(dir, consoleFile(died.boot))) };
  const { exit_code, signal, last_phase, console_tail, state } = end;
  return { exit_code, signal, last_phase, ...(state === 'failed' ? { console_tail } : {}) };
}

async function consoleTail(path: string): Promise<string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(TAIL_BYTES), {
      position: Math.max(0, size - TAIL_BYTES),
    });
    return readable(buffer.subarray(0, bytesRead)).slice(-TAIL_LINES);
  } catch {
    return [];
  }
}

/** The lines of a console, control characters taken out. */
export function readable(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split(/\r?\n/)
    .map((line) => line.replace(/[^\x20-\x7e]/g, '').trim())
    .filter((line) => line !== '');
}

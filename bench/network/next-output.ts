import { once } from 'node:events';

interface Wait {
  readonly timeoutMs: number;
  /** For who reads the error. */
  readonly what: string;
}

/** The next piece that a program writes. @throws Error when none comes in time */
export async function nextOutput(stream: NodeJS.ReadableStream, { timeoutMs, what }: Wait): Promise<string> {
  try {
    return String((await once(stream, 'data', { signal: AbortSignal.timeout(timeoutMs) }))[0]);
  } catch (cause) {
    throw new Error(`${what} did not come within ${timeoutMs / 1000} s`, { cause });
  }
}

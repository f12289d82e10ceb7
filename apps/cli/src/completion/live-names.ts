import type { CliRegistration } from '@nook/daemonapi';
import { runningDaemon } from '../commands/running-daemon.ts';

/** Whoever pressed the key waits for it. */
const DEADLINE_MS = 1500;

/**
 * The names that a value can have, as a daemon that runs lists them. None is started; whatever is wrong with it is told
 * by the command that is being typed, not by its completion.
 * @param name of the value, in upper case
 */
export async function liveNames(registrations: readonly CliRegistration[], name: string): Promise<string[]> {
  const method = registrations
    .flatMap(({ names = {} }) => Object.entries(names))
    .find(([word]) => word.toUpperCase() === name)?.[1];
  if (method === undefined) return [];
  try {
    const daemon = await runningDaemon();
    if (daemon === undefined) return [];
    try {
      return namesIn(await daemon.call(method, {}, { timeoutMs: DEADLINE_MS }));
    } finally {
      daemon.close();
    }
  } catch {
    return [];
  }
}

/** The result of a list is an array, or an object that holds one. */
function namesIn(result: unknown): string[] {
  const items = Array.isArray(result) ? result : Object.values(result as object).find(Array.isArray);
  return ((items ?? []) as { readonly name?: unknown }[]).flatMap(({ name }) =>
    typeof name === 'string' ? [name] : [],
  );
}

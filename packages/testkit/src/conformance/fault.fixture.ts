import type { AnyPlugin } from '../any-plugin.ts';
import { conformanceChecks } from './checks.ts';
import type { ConformanceOptions } from './options.ts';

/** A plugin that does one thing wrong. */
export interface Fault {
  readonly plugin: AnyPlugin;
  /** Words of the one check that finds it. */
  readonly check: string;
  /** What that check then says. */
  readonly says: RegExp;
  readonly options?: ConformanceOptions;
}

/** What the check of a fault says about it; empty when it finds nothing. */
export async function saidOf({ plugin, check: words, options = {} }: Fault): Promise<string> {
  const checks = conformanceChecks(plugin, options).filter(({ name }) => name.includes(words));
  const [check, ...others] = checks;
  if (check === undefined || others.length > 0) throw new Error(`'${words}' are words of ${checks.length} checks`);
  return check.run().then(() => '', allMessages);
}

/** Also those that `await using` has put under another one. */
function allMessages(error: unknown): string {
  if (error instanceof SuppressedError) return `${allMessages(error.error)}\n${allMessages(error.suppressed)}`;
  return error instanceof Error ? error.message : String(error);
}

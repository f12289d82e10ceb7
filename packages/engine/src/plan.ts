import { isNookError } from '@nook/daemonapi';
import type { PluginStatus } from './contract.ts';

/** What a daemon would be made of, found out without starting it. */
export interface Plan {
  readonly plugins: readonly PluginStatus[];
  /** Empty when it would get as far as starting its plugins. */
  readonly problems: readonly string[];
}

/** The single problems of an error that reports several. */
export function problemsOf(error: unknown): string[] {
  const problems = isNookError(error) ? error.details?.problems : undefined;
  const sentences = Array.isArray(problems) ? problems.filter((problem) => typeof problem === 'string') : [];
  return sentences.length > 0 ? sentences : [error instanceof Error ? error.message : String(error)];
}

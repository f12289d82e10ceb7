import type { OptionValues } from '@nook/daemonapi';
import { UsageError } from './usage-error.ts';

/** @throws UsageError when the option was given and is no number that is 0 or more */
export function numberOption(options: OptionValues, name: string): number {
  const text = String(options[name]);
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`--${name} must be a number, not '${text}'.`, `Write for example --${name} 10.`);
}

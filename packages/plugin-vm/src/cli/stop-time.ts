import type { CliOption, OptionValues } from '@nook/daemonapi';
import { wholeNumber } from './shape-options.ts';

export const TIMEOUT: Readonly<Record<string, CliOption>> = {
  timeout: { value: 'SECONDS', help: 'the VM is gone by then, whatever it takes (default 10)' },
};

export function stopTime(options: OptionValues): { timeout_seconds?: number } {
  return options.timeout === undefined ? {} : { timeout_seconds: wholeNumber(options.timeout, 'timeout') };
}

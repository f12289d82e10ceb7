import { constants } from 'node:os';
import { NookError } from '@nook/daemonapi';

const HIGHEST = 64;

/** `SIGTERM` of 15; a number for those that have no name. */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

/** The number of `TERM`, `SIGTERM`, `sigterm` or `15`, as on Linux x86-64. @throws NookError `bad_params` */
export function signalNumber(text: string): number {
  const upper = text.toUpperCase();
  const name = (upper.startsWith('SIG') ? upper : `SIG${upper}`) as NodeJS.Signals;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : constants.signals[name];
  if (number !== undefined && number >= 1 && number <= HIGHEST) return number;
  throw new NookError('bad_params', `'${text}' is not a signal.`, { hint: 'Write for instance TERM, HUP or 9.' });
}

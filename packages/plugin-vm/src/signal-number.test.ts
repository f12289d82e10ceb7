import { expect, it } from 'vitest';
import { signalNumber } from './signal-number.ts';

it.each([
  ['TERM', 15],
  ['sigkill', 9],
  ['SIGUSR1', 10],
  ['1', 1],
  ['64', 64],
])('%s is signal %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

it.each(['', '0', '65', '-9', 'SIG', 'nope', '1e1', 'toString', 'SIGTERM '])('%j is none', (text) => {
  expect(() => signalNumber(text)).toThrow('is not a signal');
});

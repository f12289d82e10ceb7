import { randomInt } from 'node:crypto';
import { NookError } from '@nook/daemonapi';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const FIRST = [
  'brisk',
  'calm',
  'clear',
  'cosy',
  'deft',
  'eager',
  'fair',
  'keen',
  'lucid',
  'mild',
  'neat',
  'quiet',
  'spry',
  'still',
  'warm',
  'wise',
];
const SECOND = [
  'alcove',
  'bay',
  'cabin',
  'cove',
  'den',
  'dune',
  'fern',
  'ford',
  'glen',
  'grove',
  'haven',
  'inlet',
  'loft',
  'nest',
  'shore',
  'vale',
];

/**
 * A VM's name is also its host name: a DNS label (RFC 1123), in lower case.
 * @throws NookError `bad_params`
 */
export function checkName(name: string): string {
  return checkLabel(name, 'VM');
}

/** @param whose what it is to be a name of, e.g. `VM`. @throws NookError `bad_params` */
export function checkLabel(name: string, whose: string): string {
  if (LABEL.test(name)) return name;
  throw new NookError('bad_params', `'${name}' is not a ${whose} name.`, {
    hint: 'Use 1 to 63 lower-case letters, digits and dashes, with a letter or digit at both ends.',
  });
}

export function makeUpName(isTaken: (name: string) => boolean): string {
  for (;;) {
    const pair = `${FIRST[randomInt(FIRST.length)]}-${SECOND[randomInt(SECOND.length)]}`;
    if (!isTaken(pair)) return pair;
    const numbered = `${pair}-${randomInt(100, 1_000_000)}`;
    if (!isTaken(numbered)) return numbered;
  }
}

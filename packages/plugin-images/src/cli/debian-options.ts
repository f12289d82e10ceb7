import { NookError, type OptionValues } from '@nook/daemonapi';

const NAMES = ['packages', 'variant', 'mirror'];

/** The reference with what the options say of it: `debian:trixie?packages=git,make`. @throws NookError `bad_params` */
export function withDebianOptions(reference: string, options: OptionValues): string {
  const given = NAMES.flatMap((name) => (options[name] === undefined ? [] : [`${name}=${options[name]}`]));
  if (given.length === 0) return reference;
  if (!/^(debian|ubuntu):/.test(reference) || given.some((option) => option.includes('&'))) {
    throw new NookError('bad_params', `'${reference}' takes no ${NAMES.map((name) => `--${name}`).join(', ')}.`, {
      hint: 'They are for a release of Debian or Ubuntu: nook image pull debian:trixie --packages git,make',
    });
  }
  return `${reference}${reference.includes('?') ? '&' : '?'}${given.join('&')}`;
}

import { NookError } from '@nook/daemonapi';
import { DEBIAN, type Distribution } from '../apt/distribution.ts';
import { withoutUserinfo } from '../userinfo.ts';

/** What is to be made of an archive of Debian or Ubuntu. Nothing in it can be taken for an option or another line by a program. */
export interface DebianWish {
  /** Code name of a release. */
  readonly suite: string;
  /** One of mmdebstrap's. */
  readonly variant: string;
  /** Installed beyond the variant's; the usual ones when absent. */
  readonly packages: readonly string[] | undefined;
  /** Base URL of the archive, in place of the configured one. */
  readonly mirror: string | undefined;
}

export const USUAL_VARIANT = 'minbase';

const SUITE = /^[a-z][a-z0-9-]{0,40}$/;
/** Without a minus at its end, which would tell apt to remove it. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]{0,126}[a-z0-9+]$/;
/** Those that leave a system with apt. */
const VARIANTS = ['apt', 'required', 'minbase', 'buildd', 'important', 'standard'];
const MIRROR = /^https?:\/\/[A-Za-z0-9.[\]:-]+(?:\/[\w.~+/-]*)?$/;
const MOST_PACKAGES = 500;

/** `debian:RELEASE[?packages=A,B][&variant=VARIANT][&mirror=URL]`, `ubuntu:…`. @throws NookError `bad_params` */
export function parseDebian(reference: string, { origin, scheme }: Distribution = DEBIAN): DebianWish {
  const [suite = '', query, ...more] = reference.slice(scheme.length + 1).split('?');
  if (!SUITE.test(suite) || more.length > 0) {
    throw refused(`'${reference}' names no release of ${origin}.`, 'Write debian:bookworm, or ubuntu:noble.');
  }
  const options = optionsOf(query ?? '');
  const { variant = USUAL_VARIANT, mirror } = options;
  if (!VARIANTS.includes(variant)) {
    throw refused(`'${variant}' is no variant of Debian.`, `There is ${VARIANTS.join(', ')}.`);
  }
  if (mirror !== undefined && !(MIRROR.test(mirror) && URL.canParse(mirror))) {
    throw refused(`'${mirror}' is no URL of an archive.`, 'Write it like http://HOST/debian.');
  }
  const packages = options.packages === undefined ? undefined : packagesOf(options.packages);
  return { suite, variant, packages, mirror: mirror?.replace(/\/+$/, '') };
}

const OPTIONS = ['packages', 'variant', 'mirror'];

function optionsOf(query: string): { packages?: string; variant?: string; mirror?: string } {
  const options = new Map<string, string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const [, name = '', value = ''] = /^([a-z]+)=(.+)$/.exec(part) ?? [];
    if (!OPTIONS.includes(name) || options.has(name)) {
      throw refused(
        `'${part}' says nothing about an image of Debian.`,
        'There is packages=A,B, variant=V and mirror=URL.',
      );
    }
    options.set(name, value);
  }
  return Object.fromEntries(options);
}

function packagesOf(text: string): string[] {
  const names = text.split(',');
  const odd = names.find((name) => !PACKAGE.test(name));
  if (odd !== undefined) throw refused(`'${odd}' is no name of a package.`, 'Write packages=git,make.');
  if (names.length > MOST_PACKAGES) throw refused(`More than ${MOST_PACKAGES} packages are too many.`, 'Name fewer.');
  return [...new Set(names)].sort();
}

function refused(message: string, hint: string): NookError {
  return new NookError('bad_params', withoutUserinfo(message), { hint });
}

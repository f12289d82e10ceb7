import { createHash } from 'node:crypto';

/** What the names of all links of ours begin with. */
export const NAME_PREFIX = 'nk';

/** The name of both of our tables: one of the family `inet`, one of the family `bridge`. */
export const TABLE = 'nook';

/** Written into a link's `ifalias`, so that what only happens to have such a name is told apart. */
export const ALIAS = 'nook';

/** The kernel's limit for names of links is 15 bytes. */
export const OWN_NAME = /^nk[a-z0-9][a-z0-9-]{0,12}$/;

/** Whether a link may be ours: our prefix, then a small letter or digit, at most 15 bytes. */
export function isOwnName(name: string): boolean {
  return OWN_NAME.test(name);
}

/** The address of a bridge's own port: the same after every repair, so that what guests remember stays right. */
export function bridgeMac(name: string): string {
  const digest = createHash('sha256').update(`bridge ${name}`).digest();
  return ['02', ...[0, 1, 2, 3, 4].map((at) => (digest[at] as number).toString(16).padStart(2, '0'))].join(':');
}

import { NookError } from '@nook/daemonapi';
import { DIGEST } from '../store/record-store.ts';

/** What sources of images and of kernels have in common. */
export interface Claimant {
  readonly name: string;
  readonly schemes: readonly string[];
  readonly catalog?: readonly { readonly name: string; readonly summary: string }[];
}

const SCHEME = /^([a-z][a-z0-9.+-]+):/;

/** Schemes that the store keeps for itself. */
const RESERVED = ['sha256'];

/** Whose catalog has a name. */
export function nameOwner<S extends Claimant>(sources: readonly S[], name: string): S | undefined {
  return sources.find(({ catalog = [] }) => catalog.some((entry) => entry.name === name));
}

/**
 * Whose a reference is by the scheme that it begins with.
 * @param unknown the error for a scheme that nobody claims
 * @returns nothing for a plain name or a digest, which only the store can know
 */
export function schemeOwner<S extends Claimant>(
  sources: readonly S[],
  reference: string,
  unknown: (scheme: string) => Error,
): S | undefined {
  const scheme = DIGEST.test(reference) ? undefined : SCHEME.exec(reference)?.[1];
  if (scheme === undefined || RESERVED.includes(scheme)) return undefined;
  const claimant = sources.find(({ schemes }) => schemes.includes(scheme));
  if (claimant === undefined) throw unknown(scheme);
  return claimant;
}

export function catalogOf<S extends Claimant>(sources: readonly S[]) {
  return sources.flatMap(({ catalog = [] }) => catalog);
}

/**
 * @param entries of catalogs, by whichever plugins
 * @throws NookError `conflict` when two sources share a name, or one claims what is another's
 */
export function checkClaims(
  kind: 'image' | 'kernel',
  sources: readonly Claimant[],
  entries: readonly { readonly name: string }[] = [],
): void {
  const names = sources.map(({ name }) => ({ claim: `the name '${name}'`, by: name }));
  const claims = sources.flatMap(({ name: by, schemes, catalog = [] }) => [
    ...schemes.map((scheme) => ({ claim: `'${scheme}:'`, by })),
    ...catalog.map(({ name }) => ({ claim: `the ${kind} '${name}'`, by })),
  ]);
  const named = entries.map(({ name }) => ({ claim: `the ${kind} '${name}'`, by: 'a catalog' }));
  const reserved = RESERVED.map((scheme) => ({ claim: `'${scheme}:'`, by: 'the store' }));
  const problems = Object.entries(
    Object.groupBy([...reserved, ...names, ...claims, ...named], ({ claim }) => claim),
  ).flatMap(([claim, by = []]) =>
    by.length < 2 ? [] : `${claim} is claimed by ${by.map((one) => one.by).join(' and ')}`,
  );
  if (problems.length === 0) return;
  throw new NookError('conflict', `Sources of ${kind}s are in each other's way: ${problems.join('; ')}.`, {
    hint: 'Leave the import of one of their plugins out of the entry file.',
  });
}

import { type CatalogImage, type ImageSource, NookError } from '@nook/daemonapi';
import { errors } from '../errors.ts';
import { looksLikeReference } from '../registry/reference.ts';
import { DIGEST } from '../store/record-store.ts';

const SCHEME = /^([a-z][a-z0-9.+-]+):/;

/** Whose are references that name a place with a slash, such as `docker.io/library/python:3-slim`. */
const REGISTRY = 'registry';

/** Schemes that the store keeps for itself. */
const RESERVED = ['sha256'];

/**
 * Whose a reference is: by the scheme that it begins with, else by a name of the catalog.
 * @returns nothing for a plain name or a digest, which only the store can know
 * @throws NookError `not_found` when nobody claims its scheme
 */
export function findSource(sources: readonly ImageSource[], reference: string): ImageSource | undefined {
  const named = sources.find(({ catalog = [] }) => catalog.some(({ name }) => name === reference));
  if (named !== undefined || DIGEST.test(reference)) return named;
  if (looksLikeReference(reference)) return sources.find(({ name }) => name === REGISTRY);
  const scheme = SCHEME.exec(reference)?.[1];
  if (scheme === undefined || RESERVED.includes(scheme)) return undefined;
  const claimant = sources.find(({ schemes }) => schemes.includes(scheme));
  if (claimant === undefined) throw errors.unknownScheme(scheme, sources);
  return claimant;
}

export function catalogOf(sources: readonly ImageSource[]): readonly CatalogImage[] {
  return sources.flatMap(({ catalog = [] }) => catalog);
}

/** @throws NookError `conflict` when two sources share a name, or one claims what is another's */
export function checkClaims(sources: readonly ImageSource[]): void {
  const names = sources.map(({ name }) => ({ claim: `the name '${name}'`, by: name }));
  const claims = sources.flatMap(({ name: by, schemes, catalog = [] }) => [
    ...schemes.map((scheme) => ({ claim: `'${scheme}:'`, by })),
    ...catalog.map(({ name }) => ({ claim: `the image '${name}'`, by })),
  ]);
  const reserved = RESERVED.map((scheme) => ({ claim: `'${scheme}:'`, by: 'the store' }));
  const problems = Object.entries(Object.groupBy([...reserved, ...names, ...claims], ({ claim }) => claim)).flatMap(
    ([claim, by = []]) => (by.length < 2 ? [] : `${claim} is claimed by ${by.map((one) => one.by).join(' and ')}`),
  );
  if (problems.length === 0) return;
  throw new NookError('conflict', `Sources of images are in each other's way: ${problems.join('; ')}.`, {
    hint: 'Leave the import of one of their plugins out of the entry file.',
  });
}

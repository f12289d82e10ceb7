import type { ImageSource } from '@nook/daemonapi';
import { errors } from '../errors.ts';
import { looksLikeReference } from '../registry/reference.ts';
import { nameOwner, schemeOwner } from './claims.ts';

/** Whose are references that name a place with a slash, such as `docker.io/library/python:3-slim`. */
const REGISTRY = 'registry';

/**
 * Whose a reference is: by the scheme that it begins with, else by a name of the catalog.
 * @returns nothing for a plain name or a digest, which only the store can know
 * @throws NookError `not_found` when nobody claims its scheme
 */
export function findSource(sources: readonly ImageSource[], reference: string): ImageSource | undefined {
  const named = nameOwner(sources, reference);
  if (named !== undefined) return named;
  if (looksLikeReference(reference)) return sources.find(({ name }) => name === REGISTRY);
  return schemeOwner(sources, reference, (scheme) => errors.unknownScheme(scheme, sources));
}

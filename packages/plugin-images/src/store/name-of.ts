import { DIGEST, NAME } from './record-store.ts';

/** The name that an image has in the store when it is asked for by a reference and given no other. */
export function nameOf(reference: string): string {
  if (NAME.test(reference) || DIGEST.test(reference)) return reference;
  const words = reference.toLowerCase().replaceAll(/[^a-z0-9._]+/g, '-');
  return words.replace(/^[^a-z0-9]+/, '').slice(0, 63);
}

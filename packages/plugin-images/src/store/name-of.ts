import { basename } from 'node:path';
import { DIGEST, NAME } from './record-store.ts';

/** The name that an image has in the store when it is asked for by a reference and given no other. */
export function nameOf(reference: string): string {
  if (NAME.test(reference) || DIGEST.test(reference)) return reference;
  const words = reference.toLowerCase().replaceAll(/[^a-z0-9._]+/g, '-');
  return words.replace(/^[^a-z0-9]+/, '').slice(0, 63);
}

const ENDINGS = /(?:\.(?:tar|tgz|txz|tzst|gz|xz|zst|oci|raw|img|qcow2|ext4))+$/i;

/** The name of an image that was made of a file and given no other: the file's without what says its kind. */
export function nameOfFile(path: string, ref?: string): string {
  const file = basename(path).replace(ENDINGS, '');
  return nameOf(ref === undefined ? file : `${file}-${ref}`);
}

import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { entrySegments } from '../layers/entry-segments.ts';
import { archiveError, showName } from '../unpack/archive-error.ts';
import { FileBytes } from '../unpack/file-bytes.ts';
import { readTar, type TarEntry } from '../unpack/tar-reader.ts';
import { type Bundle, type FileRange, REPAIR } from './bundle.ts';

const MAX_ENTRIES = 20_000;
const MAX_LINKS_FOLLOWED = 8;

/**
 * What stands at the top of an archive of an image: that of OCI layouts, and the layers, configurations and lists of all
 * the tools that write archives as `docker save` does. No root file system begins so.
 */
const OF_IMAGES =
  /^(?:blobs|oci-layout|(?:index|manifest|config)\.json|repositories|(?:sha256[:-])?[0-9a-z]{32,64}(?:[.-].*)?)$/;

/** Whether an entry may be one of an image's archive; undefined for one that any archive may have. */
export function isOfImage({ name }: Pick<TarEntry, 'name'>): boolean | undefined {
  const first = name.split('/').find((segment) => segment !== '.' && segment !== '');
  if (first === undefined) return name.startsWith('/') ? false : undefined;
  return !name.startsWith('/') && OF_IMAGES.test(first);
}

/** Looks where the files of an image's archive are. @returns undefined when the tar is of something else */
export async function tarBundle(path: string): Promise<Bundle | undefined> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  const source = new FileBytes(handle, size);
  const files = new Map<string, FileRange>();
  const links = new Map<string, string>();
  let entries = 0;
  for await (const entry of readTar(source)) {
    if (isOfImage(entry) === false) return undefined;
    entries += 1;
    if (entries > MAX_ENTRIES) throw archiveError(`The image's archive has more than ${MAX_ENTRIES} entries.`, REPAIR);
    const name = entrySegments(entry.name).join('/');
    files.delete(name);
    links.delete(name);
    if (entry.type === 'file') files.set(name, rangeOf(path, entry, source.position));
    else if (entry.type === 'hardlink') links.set(name, posix.normalize(entry.linkname));
    else if (entry.type === 'symlink') links.set(name, posix.join(posix.dirname(name), entry.linkname));
  }
  return {
    async find(wanted) {
      let name = wanted;
      for (let followed = 0; followed < MAX_LINKS_FOLLOWED; followed += 1) {
        const found = files.get(name);
        if (found !== undefined) return found;
        name = links.get(name) ?? '';
      }
      return undefined;
    },
  };
}

function rangeOf(file: string, { name, size, segments }: TarEntry, start: number): FileRange {
  const stored = segments.reduce((sum, { length }) => sum + length, 0);
  if (stored !== size) throw archiveError(`Entry ${showName(name)} of the image's archive is a sparse file.`, REPAIR);
  return { file, start, length: size };
}

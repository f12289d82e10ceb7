import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '@nook/daemonapi';
import { archiveError, showName } from '../unpack/archive-error.ts';

/** A part of a file. */
export interface FileRange {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** A container image that lies in files: a folder, or a tar of one. */
export interface Bundle {
  /** Where one of its files is, by its path with slashes. */
  find(name: string): Promise<FileRange | undefined>;
}

export interface BundledLayer extends FileRange {
  /** Of the layer as it is packed, where that is known. */
  readonly digest?: string;
  readonly diffId: string;
}

export interface BundledImage {
  /** Of its manifest or, where it has none of its own, of its configuration. */
  readonly digest: string;
  /** From the lowest to the uppermost. */
  readonly layers: readonly BundledLayer[];
  readonly config: ImageConfig;
  /** What it is called there. */
  readonly names: readonly string[];
}

const MAX_DOCUMENT = 4 * 2 ** 20;
const BLOB = /^blobs\/sha256\/[0-9a-f]{64}$/;
const DOCUMENTS = ['oci-layout', 'index.json', 'manifest.json'];

/** A folder of the host. Only what an OCI layout has in it is looked for. */
export function folderBundle(folder: string): Bundle {
  return {
    async find(name) {
      if (!BLOB.test(name) && !DOCUMENTS.includes(name)) return undefined;
      const file = join(folder, name);
      try {
        // A named pipe is not waited for.
        await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
        const stats = await handle.stat();
        return stats.isFile() ? { file, start: 0, length: stats.size } : undefined;
      } catch (error) {
        if (['ENOENT', 'ENOTDIR', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
        throw error;
      }
    },
  };
}

export interface SmallDocument {
  readonly text: string;
  readonly digest: string;
}

/** A manifest, an index or a configuration. @throws NookError `bad_request` when it is missing or too large */
export async function readDocument(bundle: Bundle, name: string): Promise<SmallDocument> {
  const range = await bundle.find(name);
  if (range === undefined) throw missing(name);
  if (range.length > MAX_DOCUMENT) throw archiveError(`${showName(name)} of the image is larger than 4 MiB.`, REPAIR);
  await using handle = await open(range.file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(range.length), { position: range.start });
  const bytes = buffer.subarray(0, bytesRead);
  return { text: bytes.toString('utf8'), digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

export function missing(name: string) {
  return archiveError(`The image lacks ${showName(name)}, which it says it has.`, REPAIR);
}

export const REPAIR = 'Have it written anew, e.g. with: skopeo copy docker://IMAGE oci-archive:image.tar';

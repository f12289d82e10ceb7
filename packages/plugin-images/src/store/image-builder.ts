import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, ImageConfig, Logger, Progress } from '@nook/daemonapi';
import { EXT4_FORMAT } from '../ext4/make-ext4.ts';
import type { Tar } from '../sources/tar-of.ts';
import { runJob } from '../worker/run-job.ts';
import type { BuildPlace } from './build-area.ts';
import type { ExternalFile } from './external-file.ts';
import type { Manifest, Naming, RecordStore, Stored } from './record-store.ts';

/** What an image was made of, as its source names it. */
export interface ImageOrigin {
  /** Name of the source. */
  readonly source: string;
  readonly digest: string;
  /** Of the way disks are made. */
  readonly ext4: string | number;
}

export interface ImageManifest extends Manifest {
  readonly size_bytes: number;
  readonly config: ImageConfig;
  /** Absent in those of earlier versions. */
  readonly origin?: ImageOrigin;
  /** Of a registered image: the disk in the store is a link to this file. */
  readonly external?: ExternalFile;
}

export const DISK_FILE = 'disk.ext4';
/** Well below what mke2fs makes inodes for on the default disk. */
const MAX_ENTRIES = 500_000;

export interface BuildRequest {
  readonly naming: Naming;
  readonly tar: Tar;
  readonly config: ImageConfig;
  readonly origin: ImageOrigin;
  /** In words. */
  readonly source: string;
  /** Most that the files may add up to. */
  readonly maxBytes: number;
  readonly place: BuildPlace;
  readonly sizeBytes: number;
  readonly store: RecordStore<ImageManifest>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Turns a root file system's tar into an image in the store. Content that is there already is only given the name. */
export async function buildImage(request: BuildRequest): Promise<Stored<ImageManifest>> {
  const { naming, tar, config, place, sizeBytes, store, signal, progress } = request;
  const output = join(place.directory, 'content');
  const disk = join(output, DISK_FILE);
  await mkdir(output, { mode: 0o700 });
  const built = await runJob(
    {
      job: 'build',
      size_bytes: sizeBytes,
      layers: tar.layers,
      whiteouts: tar.whiteouts,
      disk,
      max_bytes: request.maxBytes,
      max_entries: MAX_ENTRIES,
    },
    { signal, lockFd: place.lockFd, progress, note: (line) => hear(line, request) },
  );
  const hex = imageDigest(built.sha256, sizeBytes, config);
  const digest = `sha256:${hex}`;
  const at = request.clock.now();
  if (store.get(digest) !== undefined) return store.point(naming, digest, at, signal);
  const manifest: ImageManifest = {
    format: 1,
    digest,
    source: request.source,
    created_at: at,
    size_bytes: sizeBytes,
    config,
    origin: request.origin,
    content_sha256: built.content_sha256,
  };
  return store.publish(naming, output, manifest, signal);
}

function hear(line: string, { tar, log, progress }: BuildRequest): void {
  log.debug({ line }, 'image source');
  const update = tar.onLine?.(line);
  if (update !== undefined) progress(update);
}

/** All that the disk's content follows from. */
function imageDigest(tarSha256: string, sizeBytes: number, config: ImageConfig): string {
  return createHash('sha256')
    .update(JSON.stringify(['nook image', EXT4_FORMAT, tarSha256, sizeBytes, config]))
    .digest('hex');
}

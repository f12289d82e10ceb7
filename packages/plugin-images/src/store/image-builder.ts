import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Progress } from '@nook/daemonapi';
import type { ImageConfig } from '../contract.ts';
import { EXT4_FORMAT, makeExt4 } from '../ext4/make-ext4.ts';
import type { Recipe } from '../sources/recipe.ts';
import { runJob } from '../worker/run-job.ts';
import type { BuildPlace } from './build-area.ts';
import type { Manifest, RecordStore, Stored } from './record-store.ts';

export interface ImageManifest extends Manifest {
  readonly size_bytes: number;
  readonly config: ImageConfig;
}

export const DISK_FILE = 'disk.ext4';
/** Well below what mke2fs makes inodes for on the default disk. */
const MAX_ENTRIES = 500_000;

export interface BuildRequest {
  readonly name: string;
  readonly recipe: Recipe;
  readonly place: BuildPlace;
  readonly sizeBytes: number;
  readonly store: RecordStore<ImageManifest>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Turns a recipe into an image in the store. Content that is there already is only given the name. */
export async function buildImage(request: BuildRequest): Promise<Stored<ImageManifest>> {
  const { name, recipe, place, sizeBytes, store, signal, progress } = request;
  const { lockFd } = place;
  const staging = join(place.directory, 'root');
  const state = join(place.directory, 'fakeroot.state');
  const output = join(place.directory, 'content');
  await mkdir(staging, { mode: 0o700 });
  await mkdir(output, { mode: 0o700 });
  const unpacked = await runJob(
    {
      job: 'unpack',
      source: recipe.tar,
      staging,
      state,
      max_bytes: Math.min(recipe.maxBytes ?? sizeBytes, sizeBytes),
      max_entries: MAX_ENTRIES,
    },
    { signal, lockFd, progress, note: (line) => hear(line, request) },
  );
  const hex = imageDigest(unpacked.sha256, sizeBytes, recipe.config);
  const digest = `sha256:${hex}`;
  const at = request.clock.now();
  if (store.get(digest) !== undefined) return store.point(name, digest, at, signal);
  progress({ stage: 'file system' });
  const disk = join(output, DISK_FILE);
  const scraps = place.directory;
  await makeExt4({ staging, state, scraps, output: disk, sizeBytes, digest: hex, unpacked, signal, lockFd });
  progress({ stage: 'publish' });
  const manifest: ImageManifest = {
    format: 1,
    digest,
    source: recipe.source,
    created_at: at,
    size_bytes: sizeBytes,
    config: recipe.config,
  };
  return store.publish(name, output, manifest, signal);
}

function hear(line: string, { recipe, log, progress }: BuildRequest): void {
  log.debug({ line }, 'image source');
  const update = recipe.onNote?.(line);
  if (update !== undefined) progress(update);
}

/** All that the disk's content follows from. */
function imageDigest(tarSha256: string, sizeBytes: number, config: ImageConfig): string {
  return createHash('sha256')
    .update(JSON.stringify(['nook image', EXT4_FORMAT, tarSha256, sizeBytes, config]))
    .digest('hex');
}

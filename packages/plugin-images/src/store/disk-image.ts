import { createHash } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, ImageConfig, Progress } from '@nook/daemonapi';
import { checkDisk } from '../ext4/check-disk.ts';
import { runJob } from '../worker/run-job.ts';
import { syncPath } from './atomic-file.ts';
import type { BuildPlace } from './build-area.ts';
import { DISK_FILE, type ImageManifest, type ImageOrigin } from './image-builder.ts';
import type { Naming, RecordStore, Stored } from './record-store.ts';

export const NO_CONFIG: ImageConfig = { env: [], cmd: [], entrypoint: [], workdir: null, user: null };
/** In place of a version of the way disks are made: this one was made elsewhere. */
export const AS_IT_CAME = 'as it came';

interface DiskRequest {
  /** In the place. */
  readonly disk: string;
  readonly naming: Naming;
  readonly config: ImageConfig;
  readonly origin: Omit<ImageOrigin, 'ext4'>;
  readonly source: string;
  readonly place: BuildPlace;
  readonly store: RecordStore<ImageManifest>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Turns a raw ext4 into an image in the store, as it is. */
export async function keepDisk(request: DiskRequest): Promise<Stored<ImageManifest>> {
  const { naming, config, place, store, clock, signal, progress } = request;
  const output = join(place.directory, 'content');
  const disk = join(output, DISK_FILE);
  await mkdir(output, { mode: 0o700 });
  await rename(request.disk, disk);
  progress({ stage: 'file system' });
  const size = await checkDisk(disk, { signal, lockFd: place.lockFd, mend: true });
  await syncPath(disk);
  progress({ stage: 'publish' });
  const { sha256 } = await runJob({ job: 'hash', directory: output }, { signal, progress: () => {} });
  const digest = diskDigest(sha256, size, config);
  const at = clock.now();
  const known = store.get(digest);
  if (known !== undefined) {
    const { external, ...kept } = known.manifest;
    if (external !== undefined) await store.adopt(disk, kept, signal);
    return store.point(naming, digest, at, signal);
  }
  const manifest: ImageManifest = {
    ...{ format: 1, digest, created_at: at, size_bytes: size, config },
    ...{ source: request.source, origin: { ...request.origin, ext4: AS_IT_CAME }, content_sha256: sha256 },
  };
  return store.publish(naming, output, manifest, signal);
}

/** @param sha256 as `contentHash` answers it of a folder with the disk alone */
export function diskDigest(sha256: string, size: number, config: ImageConfig): string {
  const facts = JSON.stringify(['nook disk', sha256, size, config]);
  return `sha256:${createHash('sha256').update(facts).digest('hex')}`;
}

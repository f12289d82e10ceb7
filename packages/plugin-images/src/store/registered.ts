import { statSync } from 'node:fs';
import { mkdir, realpath, stat, symlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type Clock, NookError, type Progress } from '@nook/daemonapi';
import { copySparse } from '../disk/make-disk.ts';
import { checkDisk } from '../ext4/check-disk.ts';
import { runJob } from '../worker/run-job.ts';
import type { BuildPlace } from './build-area.ts';
import { AS_IT_CAME, diskDigest, NO_CONFIG } from './disk-image.ts';
import { changedError, externalFile, isLink, looksUnchanged } from './external-file.ts';
import { DISK_FILE, type ImageManifest } from './image-builder.ts';
import type { Naming, RecordStore, Stored } from './record-store.ts';

interface Work {
  readonly store: RecordStore<ImageManifest>;
  readonly place: BuildPlace;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Makes an image of a user's own raw ext4, which stays where it is and is never changed or removed. */
export async function registerDisk(
  given: string,
  naming: Naming,
  clock: Clock,
  work: Work,
): Promise<Stored<ImageManifest>> {
  const { store, place, signal, progress } = work;
  const path = await requireRaw(given, work);
  const before = externalFile(path, await stat(path, { bigint: true }));
  progress({ stage: 'file system' });
  const size = await checkDisk(path, { signal, lockFd: place.lockFd, mend: false });
  const output = join(place.directory, 'content');
  await mkdir(output, { mode: 0o700 });
  await symlink(path, join(output, DISK_FILE));
  progress({ stage: 'read' });
  const { sha256 } = await runJob({ job: 'hash', directory: output, follow: true }, { signal, progress: () => {} });
  if (!looksUnchanged(naming.name, before)) throw changedError(naming.name, before);
  const digest = diskDigest(sha256, size, NO_CONFIG);
  const at = clock.now();
  if (store.get(digest) !== undefined) return store.point(naming, digest, at, signal);
  const manifest: ImageManifest = {
    ...{ format: 1, digest, created_at: at, size_bytes: size, config: NO_CONFIG, source: `register ${path}` },
    ...{ origin: { source: 'register', digest, ext4: AS_IT_CAME }, content_sha256: sha256, external: before },
  };
  return store.publish(naming, output, manifest, signal);
}

/** Takes a registered disk into the store: its image then no longer needs the user's file. */
export async function promoteDisk(stored: Stored<ImageManifest>, work: Work): Promise<Stored<ImageManifest>> {
  const { store, place, signal, progress } = work;
  const { name, manifest, directory } = stored;
  const { external, ...kept } = manifest;
  if (external === undefined || !isLink(join(directory, DISK_FILE))) return stored;
  looksUnchanged(name, external);
  const output = join(place.directory, 'content');
  await mkdir(output, { mode: 0o700 });
  progress({ stage: 'copy' });
  await copySparse(external.path, join(output, DISK_FILE), { signal, lockFd: place.lockFd });
  progress({ stage: 'read' });
  const { sha256 } = await runJob({ job: 'hash', directory: output }, { signal, progress: () => {} });
  if (sha256 !== manifest.content_sha256) throw changedError(name, external);
  await store.adopt(join(output, DISK_FILE), kept, signal);
  return store.get(manifest.digest) ?? stored;
}

/** @throws NookError `conflict` when a registered disk is not what it was, or is gone */
export async function verifyRegistered(
  stored: Stored<ImageManifest>,
  store: RecordStore<ImageManifest>,
  signal: AbortSignal,
) {
  const { name, manifest, directory } = stored;
  const { external } = manifest;
  if (external === undefined || !isLink(join(directory, DISK_FILE)) || looksUnchanged(name, external)) return;
  // Copied back or touched, it may still be the same.
  const now = externalFile(external.path, await stat(external.path, { bigint: true }));
  const { sha256 } = await runJob({ job: 'hash', directory, follow: true }, { signal, progress: () => {} });
  if (sha256 !== manifest.content_sha256 || !looksUnchanged(name, now)) throw changedError(name, external);
  await store.describe({ ...manifest, external: now }, signal);
}

/** @returns the file's own path */
async function requireRaw(given: string, { place, signal, progress }: Work): Promise<string> {
  if (!isAbsolute(given) || given.includes('\0')) {
    throw new NookError('bad_params', `The path '${given}' is not absolute.`);
  }
  const stats = statSync(given, { throwIfNoEntry: false });
  if (stats === undefined) throw new NookError('not_found', `There is no file ${given}.`);
  const path = await realpath(given);
  const disk = stats.isFile() ? await runJob({ job: 'disk', path }, { signal, lockFd: place.lockFd, progress }) : null;
  if (disk?.format === 'raw' && !disk.partitioned && stats.size % 4096 === 0) return path;
  throw new NookError('bad_request', `${given} is not a raw disk that is one ext4, of whole blocks of 4 KiB.`, {
    hint: `Only such a file can be used where it is. Others are imported: nook image import ${given}`,
  });
}

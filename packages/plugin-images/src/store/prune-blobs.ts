import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLockFile } from '../processes/file-lock.ts';
import type { StoreLayout } from './layout.ts';

export interface PrunedBlobs {
  files: number;
  bytes: number;
}

const BLOB = /^([0-9a-f]{64})(?:\.partial)?$/;

/**
 * Removes layers as registries sent them, and beginnings of such, but for those that come at this moment. Whatever is made of
 * them has them under a name of its own.
 */
export async function pruneBlobs(layout: StoreLayout, dryRun: boolean, signal: AbortSignal): Promise<PrunedBlobs> {
  const pruned: PrunedBlobs = { files: 0, bytes: 0 };
  for (const name of await readdir(layout.blobs).catch(() => [])) {
    const hex = BLOB.exec(name)?.[1];
    if (hex === undefined) continue;
    signal.throwIfAborted();
    const lock = layout.lock(`blob-${hex}`);
    await using held = await tryLockFile(lock);
    if (held === undefined) continue;
    const path = join(layout.blobs, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) continue;
    if (!dryRun) await rm(path, { force: true });
    pruned.files += 1;
    pruned.bytes += stats.blocks * 512;
  }
  return pruned;
}

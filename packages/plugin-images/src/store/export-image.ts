import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { isNookError, NookError, type Progress } from '@nook/daemonapi';
import type { ExportFormat, ImageExported } from '../contract.ts';
import { runProgram } from '../processes/run-program.ts';
import { noSpaceFor } from '../worker/export.ts';
import { runJob } from '../worker/run-job.ts';
import { syncPath } from './atomic-file.ts';
import { DISK_FILE, type ImageManifest } from './image-builder.ts';
import type { Stored } from './record-store.ts';

interface Target {
  readonly format: ExportFormat;
  /** Absolute; nothing is there yet. */
  readonly path: string;
}

interface Waited {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Writes an image out of the store. The file or folder is there as a whole or not at all. */
export async function exportImage(
  stored: Stored<ImageManifest>,
  target: Target,
  waited: Waited,
): Promise<ImageExported> {
  const { format, path } = target;
  if (!isAbsolute(path) || path.includes('\0'))
    throw new NookError('bad_params', `The path '${path}' is not absolute.`);
  if (existsSync(path)) throw taken(path);
  const folder = format === 'oci-layout' && !path.endsWith('.tar');
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  try {
    await access(join(dirname(path), sep), constants.W_OK);
    if (folder) await mkdir(partial, { mode: 0o700 });
    await write(stored, { format, output: partial, folder }, waited);
    if (folder) await rename(partial, path);
    else await moveNew(partial, path);
    await syncPath(dirname(path));
    return { path, format, bytes: await bytesOf(path) };
  } catch (error) {
    throw explained(error, path);
  } finally {
    // Where its folder is none, there is nothing to remove.
    await rm(partial, { recursive: true, force: true }).catch(() => {});
  }
}

interface Output {
  readonly format: ExportFormat;
  readonly output: string;
  readonly folder: boolean;
}

async function write(
  { name, manifest, directory }: Stored<ImageManifest>,
  output: Output,
  waited: Waited,
): Promise<void> {
  const disk = join(directory, DISK_FILE);
  const { format, ...rest } = output;
  if (format !== 'qcow2') {
    const { config, created_at } = manifest;
    await runJob({ job: 'export', disk, format, ...rest, name, config, created_at }, waited);
    return;
  }
  waited.progress({ stage: 'export' });
  const args = ['convert', '-f', 'raw', '-O', 'qcow2', disk, output.output];
  try {
    await runProgram('qemu-img', args, { signal: waited.signal, packageName: 'qemu-utils' });
  } catch (error) {
    if (/No space left/i.test((error as Error).message)) throw noSpaceFor(output.output, error);
    throw error;
  }
  await syncPath(output.output);
}

/** Never in the place of something else. */
async function moveNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Not every file system has hard links.
    if (!['EPERM', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if (existsSync(to)) throw taken(to);
    await rename(from, to);
  }
}

async function bytesOf(path: string): Promise<number> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return stats.size;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

function taken(path: string): NookError {
  return new NookError('already_exists', `There is something at ${path} already.`, {
    hint: 'Choose another place, or remove it.',
  });
}

function explained(error: unknown, path: string): unknown {
  if (isNookError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EEXIST' || code === 'ENOTEMPTY') return taken(path);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new NookError('not_found', `There is no folder ${dirname(path)}.`);
  if (code === 'ENOSPC' || code === 'EDQUOT') return noSpaceFor(path, error);
  if (!['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'].includes(code)) return error;
  return new NookError('bad_request', `${path} cannot be written: ${(error as Error).message}.`, { cause: error });
}

import { chown, constants, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type MachineUser, NookError } from '@nook/daemonapi';
import { execa } from 'execa';
import { fileExists } from '../file-exists.ts';
import { lostPart } from './lost-parts.ts';
import type { MachineRecord } from './records.ts';

/**
 * The VM's own disk: a qcow2 overlay on the immutable image, made when the VM first starts.
 * @throws NookError `conflict` when a VM that ran before has lost its disk or its image
 */
export async function ensureOverlay(dir: string, record: MachineRecord, source: DiskSource): Promise<void> {
  const { disk, layered, user, from } = source;
  const lost = await lostPart(record, { dir, disk, layered });
  if (lost !== undefined) throw cannotStart(record, lost);
  if (await fileExists(disk)) return;
  await createOverlay(disk, {
    backing: { path: record.shape.image_path, format: 'raw' },
    ...{ bytes: record.shape.disk_bytes, user, from },
  });
}

/** An empty qcow2 file on another one, or the copy of one. It is there as a whole or not at all. */
export async function createOverlay(disk: string, { backing, bytes, user, from }: OverlayOptions): Promise<void> {
  const folder = dirname(disk);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = `${disk}.tmp`;
  await rm(partial, { force: true });
  if (from === undefined) await makeOverlay(partial, { backing, bytes });
  else await copyFile(from, partial, constants.COPYFILE_FICLONE);
  if (user) {
    await chown(partial, user.uid, user.gid);
    await chown(folder, user.uid, user.gid);
  }
  await rename(partial, disk);
}

interface OverlayOptions {
  /** May be written to by a machine at this moment: it is not looked at. */
  readonly backing: { readonly path: string; readonly format: 'raw' | 'qcow2' };
  readonly bytes: number;
  readonly user?: MachineUser | undefined;
  readonly from?: string | undefined;
}

interface DiskSource {
  /** Absolute. */
  readonly disk: string;
  /** It stands on a frozen layer. */
  readonly layered: boolean;
  /** Who is to write to it; absent: this process's user. */
  readonly user: MachineUser | undefined;
  /** An overlay on the same image to begin with; absent: an empty one. */
  readonly from: string | undefined;
}

async function makeOverlay(path: string, { backing, bytes }: Pick<OverlayOptions, 'backing' | 'bytes'>): Promise<void> {
  const below = ['-u', '-F', backing.format, '-b', backing.path];
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, path, String(bytes)]).catch(
    (cause: Error & { stderr?: string; code?: string }) => {
      const words = cause.code === 'ENOENT' ? 'the program qemu-img is missing' : (cause.stderr ?? cause.message);
      throw new NookError('unavailable', `The disk could not be made: ${words}`, {
        hint: 'See what the host lacks: nook doctor',
        cause,
      });
    },
  );
}

export function cannotStart(record: MachineRecord, what: string): NookError {
  return new NookError('conflict', `VM '${record.name}' cannot start: ${what}.`, {
    hint: `Remove it: nook vm rm --force ${record.name}`,
  });
}

import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { NookError } from '@nook/daemonapi';

/** A user's own file that is an image, and what it was when it was last read as a whole. Numbers are decimal. */
export interface ExternalFile {
  /** Absolute. */
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly bytes: string;
  readonly modified_ns: string;
}

export function externalFile(path: string, { dev, ino, size, mtimeNs }: BigIntStats): ExternalFile {
  return { path, device: `${dev}`, inode: `${ino}`, bytes: `${size}`, modified_ns: `${mtimeNs}` };
}

/** Whether the store only points at the file: what a disk is, its directory says, whatever its manifest has. */
export function isLink(disk: string): boolean {
  return lstatSync(disk, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Whether the file looks as it did. @throws NookError `conflict` when it is gone */
export function looksUnchanged(image: string, file: ExternalFile): boolean {
  const stats = statSync(file.path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) {
    throw new NookError('conflict', `The file ${file.path}, which image '${image}' is, is gone.`, {
      hint: `Put it back, or remove the image: nook image rm ${image}`,
    });
  }
  const now = externalFile(file.path, stats);
  return (Object.keys(now) as (keyof ExternalFile)[]).every((key) => now[key] === file[key]);
}

export function changedError(image: string, { path }: ExternalFile): NookError {
  return new NookError(
    'conflict',
    `The file ${path}, which image '${image}' is, has changed since it was registered.`,
    {
      hint: `Put back what it was, or register it anew under another name: nook image register ${path} --name ${basename(image)}-2`,
    },
  );
}

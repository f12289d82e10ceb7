import {
  accessSync,
  type BigIntStats,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { printable } from '../printable.ts';
import { fileError, isSystemError } from './file-error.ts';
import { OpenDirectory } from './open-directory.ts';

const OWNER_WRITES = 0o200;

/** What stands under a name; undefined when nothing does. */
export function lstatIfThere(path: string | Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/** @throws NookError `conflict` unless a file may take the place of this */
export function checkReplaceable(present: BigIntStats, shown: string): void {
  if (present.isFile() || present.isSymbolicLink()) return;
  const what = present.isDirectory() ? 'a directory already' : 'a device, a fifo or a socket';
  throw new NookError('conflict', `${printable(shown)} is ${what}.`);
}

/** rename(2), also of a directory that its owner may not write to: its `..` changes. */
export function moveEntry(from: Buffer, to: Buffer): void {
  const about = lstatIfThere(from);
  const mode = Number((about?.mode ?? 0n) & 0o7777n);
  const locked = about?.isDirectory() === true && (mode & OWNER_WRITES) === 0;
  if (locked) chmodSync(from, mode | 0o700);
  renameSync(from, to);
  if (locked) chmodSync(to, mode);
}

/**
 * Moves what `from` holds into `to`, directory by directory.
 * @param what `check` only looks whether anything stands in the way
 * @throws NookError `conflict` when something does
 */
export function mergeTrees(
  from: OpenDirectory,
  to: OpenDirectory,
  { what, shown }: { what: 'check' | 'move'; shown: string },
): void {
  for (const name of readdirSync(from.path, { encoding: 'buffer' })) {
    const place = `${shown.replace(/\/$/, '')}/${name}`;
    try {
      mergeEntry(from, to, { name, what, shown: place });
    } catch (error) {
      throw fileError(place, 'cannot be put in place', error);
    }
  }
}

function mergeEntry(
  from: OpenDirectory,
  to: OpenDirectory,
  { name, what, shown }: { name: Buffer; what: 'check' | 'move'; shown: string },
): void {
  const fresh = lstatIfThere(from.at(name));
  const present = lstatIfThere(to.at(name));
  if (fresh?.isDirectory() && present) {
    if (!present.isDirectory()) throw new NookError('conflict', `${printable(shown)} is there and no directory.`);
    chmodSync(from.at(name), 0o700);
    using inner = new OpenDirectory(from.at(name));
    using target = new OpenDirectory(to.at(name));
    mergeTrees(inner, target, { what, shown });
    if (what === 'move') rmdirSync(from.at(name));
    return;
  }
  if (present) checkReplaceable(present, shown);
  if (what === 'move') moveEntry(from.at(name), to.at(name));
  else accessSync(to.path, constants.W_OK);
}

/** Removes a tree that a copy has made, whatever modes its directories have. */
export function removeTree(path: Buffer): void {
  if (lstatIfThere(path)?.isDirectory()) {
    chmodSync(path, 0o700);
    {
      using directory = new OpenDirectory(path);
      for (const name of readdirSync(directory.path, { encoding: 'buffer' })) removeTree(directory.at(name));
    }
    rmdirSync(path);
    return;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}

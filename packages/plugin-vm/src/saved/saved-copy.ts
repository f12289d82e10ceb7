import { link, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  commitSaved,
  discardSaved,
  readSaved,
  SAVED_FILES,
  SAVED_FOLDER,
  type SavedManifest,
  whySpoilt,
} from './saved-machine.ts';

/** In a VM's folder: a saved machine for a disk that the VM is about to get. */
const NEXT = 'saved.next';

interface Copy {
  /** Folder of a saved machine. */
  readonly from: string;
  readonly manifest: SavedManifest;
  /** The disk that it goes on with; what it holds is what the disk of the saved machine held. */
  readonly disk: string;
  /** The sessions go on; otherwise it is a copy. */
  readonly continues: boolean;
}

/** Puts a saved machine beside the one that the VM in `dir` has. */
export async function stageSaved(dir: string, copy: Copy): Promise<void> {
  const folder = join(dir, NEXT);
  await discardSaved(folder);
  await mkdir(folder, { mode: 0o700 });
  await copySaved(folder, copy);
}

/** @param folder an empty one */
export async function copySaved(folder: string, { from, manifest, disk, continues }: Copy): Promise<void> {
  const { memory, devices, sessions } = SAVED_FILES;
  for (const name of [memory, devices, sessions]) await share(join(from, name), join(folder, name));
  const { about, saved_at } = manifest;
  await commitSaved(folder, { about, saved_at, continues, disk });
}

/** The VM has the disk that what is staged belongs to. What is staged for another is removed. @returns whether it was */
export async function adoptStaged(dir: string, disk: string): Promise<boolean> {
  const folder = join(dir, NEXT);
  const manifest = await readSaved(folder);
  if (!manifest || (await whySpoilt(folder, manifest, disk)) !== undefined) {
    await discardSaved(folder);
    return false;
  }
  await discardSaved(join(dir, SAVED_FOLDER));
  await rename(folder, join(dir, SAVED_FOLDER));
  return true;
}

/** Nobody writes to these files; where each machine has a user of its own, each has a file of its own. */
async function share(from: string, to: string): Promise<void> {
  if (process.getuid?.() === 0) await execa('cp', ['--reflink=auto', '--sparse=always', from, to]);
  else await link(from, to);
}

import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmDriverSetup } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { changedIn, type FileIdentity, hashOf, identityOf } from '../file-identity.ts';

/** File names in the folder of a saved machine. */
export const SAVED_FILES = {
  manifest: 'saved.json',
  memory: 'memory',
  devices: 'devices',
  sessions: 'sessions',
} as const;

/** What a machine was when it was saved: it can go on as nothing else. */
export interface SavedAbout {
  readonly driver: string;
  /** Its settings, with the versioned machine type and the CPU, are what the machine goes on with. */
  readonly setup: VmDriverSetup;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly network: string;
}

/** `saved.json`, written last: a folder without it is no saved machine. */
export interface SavedManifest {
  readonly version: 1;
  readonly about: SavedAbout;
  /** The VM itself goes on, with its sessions; otherwise it is a copy of it. */
  readonly continues: boolean;
  readonly saved_at: number;
  readonly memory: FileIdentity;
  /** SHA-256, as of the sessions. */
  readonly devices: string;
  readonly sessions: string;
  /** The disk that belongs to the memory: once it was written to, the memory is of another time. */
  readonly disk: FileIdentity;
}

/** In a VM's folder. */
export const SAVED_FOLDER = 'saved';

/** Makes a saved machine of a folder that holds its files; a power cut leaves all of it or none. */
export async function commitSaved(
  folder: string,
  { disk, ...rest }: Pick<SavedManifest, 'about' | 'continues' | 'saved_at'> & { readonly disk: string },
): Promise<void> {
  const path = (name: keyof typeof SAVED_FILES) => join(folder, SAVED_FILES[name]);
  for (const file of [path('memory'), path('devices'), path('sessions'), disk]) await sync(file);
  const manifest: SavedManifest = {
    version: 1,
    ...rest,
    memory: await identityOf(path('memory')),
    devices: await hashOf(path('devices')),
    sessions: await hashOf(path('sessions')),
    disk: await identityOf(disk),
  };
  await writeFileAtomic(path('manifest'), JSON.stringify(manifest));
}

export async function readSaved(folder: string): Promise<SavedManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, SAVED_FILES.manifest), 'utf8')) as SavedManifest;
    return manifest.version === 1 ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Why a saved machine cannot go on with this disk; undefined when it can. */
export async function whySpoilt(folder: string, manifest: SavedManifest, disk: string): Promise<string | undefined> {
  const path = (name: keyof typeof SAVED_FILES) => join(folder, SAVED_FILES[name]);
  try {
    const changed = changedIn(manifest.memory, await identityOf(path('memory')));
    if (changed !== undefined) return `the file of its memory is not what was saved (${changed})`;
    if ((await hashOf(path('devices'))) !== manifest.devices) return 'the state of its devices is not what was saved';
    if ((await hashOf(path('sessions'))) !== manifest.sessions) return 'its sessions are not what was saved';
    const moved = changedIn(manifest.disk, await identityOf(disk));
    return moved === undefined ? undefined : `its disk was changed since (${moved})`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The manifest goes first: what is left by a crash is no saved machine. */
export async function discardSaved(folder: string): Promise<void> {
  await rm(join(folder, SAVED_FILES.manifest), { force: true });
  await rm(folder, { recursive: true, force: true });
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  await handle.sync().finally(() => handle.close());
}

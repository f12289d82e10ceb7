import { chmod, lstat, mkdir, readFile, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { SYSTEM_DIRS, writeFileAtomic } from '@nook/wire';
import { STATE_DIR } from '../places.ts';
import type { User } from './find-user.ts';
import { isPackaged } from './programs.ts';
import { ownerFiles, type Programs, unitFiles } from './units.ts';

const UNIT_DIR = '/etc/systemd/system';
const LINK = '/usr/local/bin/nook';
const RECORD = join(STATE_DIR, 'install.json');

/** Shell → where its completion is looked for, of what an administrator installs. */
const COMPLETIONS = {
  bash: '/usr/local/share/bash-completion/completions/nook',
  zsh: '/usr/local/share/zsh/site-functions/_nook',
  fish: '/usr/local/share/fish/vendor_completions.d/nook.fish',
} as const;

/** What a package brings, where none did. */
export interface OwnFiles {
  /** What `nook` is to be a link to; none is made when absent. */
  readonly launcher?: string;
  /** Text by shell. */
  readonly completions: Readonly<Record<keyof typeof COMPLETIONS, string>>;
}

export interface Installation {
  readonly root: string;
  readonly owner: User;
  readonly programs: Programs;
  readonly lowPorts: boolean;
  /** The owner's systemd was made to stay without a session, by this installation. */
  readonly lingering: boolean;
  readonly own?: OwnFiles;
}

export interface InstallRecord {
  readonly owner_uid: number;
  readonly low_ports: boolean;
  readonly lingering: boolean;
}

/**
 * Writes whose daemon it is and the helper's record of it; where no package brought them, also units and completions.
 * @returns the files, without the root
 * @throws NookError `conflict` when it is somebody else's
 */
export async function installFiles(installation: Installation): Promise<string[]> {
  const { root, owner, programs, lowPorts, lingering, own } = installation;
  const before = await readRecord(root);
  if (before !== undefined && before.owner_uid !== owner.uid) {
    throw new NookError('conflict', `nook is installed for user ${before.owner_uid}, and so is what it keeps.`, {
      hint: 'Take that away first, with its machines: nook system uninstall --purge',
    });
  }
  const texts: Record<string, string> = {
    ...(isPackaged(programs) ? {} : under(UNIT_DIR, unitFiles(programs))),
    ...ownerFiles(owner),
    ...(own && Object.fromEntries(shells(COMPLETIONS).map((shell) => [COMPLETIONS[shell], own.completions[shell]]))),
  };
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    await writeFileAtomic(join(root, path), text, { mode: 0o644 });
  }
  const linked = own?.launcher !== undefined && (await link(join(root, LINK), own.launcher));
  await mkdir(join(root, STATE_DIR), { recursive: true, mode: 0o700 });
  await chmod(join(root, STATE_DIR), 0o700);
  const record = { owner_uid: owner.uid, low_ports: lowPorts, lingering: lingering || before?.lingering === true };
  await writeFileAtomic(join(root, RECORD), `${JSON.stringify({ version: 1, ...record })}\n`);
  return [...Object.keys(texts), ...(linked ? [LINK] : []), RECORD];
}

/** Whom nook is installed for. @returns undefined where it is not */
export async function readRecord(root = '/'): Promise<InstallRecord | undefined> {
  const text = await readFile(join(root, RECORD), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { lingering: false, low_ports: false, ...JSON.parse(text) };
}

interface Removal {
  readonly root: string;
  /** Also what the daemon and the helper kept. */
  readonly purge: boolean;
}

/** @returns what was removed, without the root; what a package brought is the package's to remove */
export async function removeFiles({ root, purge }: Removal): Promise<string[]> {
  const { run, state, cache, config } = SYSTEM_DIRS;
  const owned = Object.keys(ownerFiles({ name: '', uid: 0 }));
  const units = Object.keys(unitFiles({ node: '', helper: '', daemon: '' }));
  const candidates = [
    ...[...units.map((name) => join(UNIT_DIR, name)), ...owned],
    ...Object.values(COMPLETIONS),
    ...((await ownLink(join(root, LINK))) ? [LINK] : []),
    run,
    ...(purge ? [STATE_DIR, state, cache, config] : []),
  ];
  const removed: string[] = [];
  for (const path of candidates) {
    if ((await lstat(join(root, path)).catch(() => undefined)) === undefined) continue;
    await rm(join(root, path), { recursive: true, force: true });
    removed.push(path);
  }
  // What else an administrator put into them stays.
  for (const dir of owned.map(dirname).filter((path) => path.startsWith(`${UNIT_DIR}/`)))
    await rmdir(join(root, dir)).catch(() => {});
  return removed;
}

/** What somebody else put there stays. */
async function link(path: string, target: string): Promise<boolean> {
  if (await ownLink(path)) await rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  return await symlink(target, path).then(
    () => true,
    () => false,
  );
}

/** Whether it leads to a `nook` of ours. */
async function ownLink(path: string): Promise<boolean> {
  return /\/nook$/.test(await readlink(path).catch(() => ''));
}

function under(dir: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [join(dir, name), text]));
}

const shells = <K extends string>(places: Readonly<Record<K, string>>) => Object.keys(places) as K[];

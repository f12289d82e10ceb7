import { type Stats, statSync } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Dirs, NookError } from '@nook/daemonapi';

type Env = Readonly<Record<string, string | undefined>>;

type HomeDirs = Omit<Dirs, 'images'>;

/** Those of the daemon that root installed as a service: their owner is the user whose daemon it is. */
export const SYSTEM_DIRS: HomeDirs = {
  state: '/var/lib/nook',
  cache: '/var/cache/nook',
  run: '/run/nook',
  config: '/etc/nook',
};

/**
 * Where everything of one home is kept: below `NOOK_HOME`; else in the system's places when they are this user's; else
 * where the XDG Base Directory Specification says. Looks whose `/run/nook` and `$XDG_RUNTIME_DIR` are, and makes nothing:
 * see {@link makeDirs}.
 * @param imagesStore `[images] store` of config.toml; `NOOK_STORE` goes before it
 */
export function resolveDirs(env: Env = process.env, imagesStore?: string, system = SYSTEM_DIRS): Dirs {
  const home = env.NOOK_HOME;
  const dirs = home ? dirsUnder(resolve(home)) : isOwn(system.run) ? system : xdgDirs(env);
  const images = env.NOOK_STORE || imagesStore;
  return { ...dirs, images: images ? resolve(images) : join(dirs.state, 'images') };
}

/** The daemon's socket. */
export function socketPath(dirs: Pick<Dirs, 'run'>): string {
  return join(dirs.run, 'nookd.sock');
}

export function configPath(dirs: Pick<Dirs, 'config'>): string {
  return join(dirs.config, 'config.toml');
}

/** What a daemon wrote that was started on demand: only of use when it died before its log was open. */
export function daemonOutputPath(dirs: Pick<Dirs, 'state'>): string {
  return join(dirs.state, 'logs', 'nookd.out');
}

/**
 * Makes the directories that are missing, 0700, and refuses those that others could have put there.
 * @throws NookError `unavailable` when one cannot be made or is not this user's alone
 */
export async function makeDirs(dirs: Dirs): Promise<void> {
  for (const dir of [dirs.state, join(dirs.state, 'logs'), dirs.cache, dirs.run, dirs.config, dirs.images]) {
    await makeDir(dir, { shared: dir === dirs.images });
  }
}

function dirsUnder(home: string): HomeDirs {
  return {
    state: join(home, 'state'),
    cache: join(home, 'cache'),
    run: join(home, 'run'),
    config: join(home, 'config'),
  };
}

function xdgDirs(env: Env): HomeDirs {
  const home = env.HOME || homedir();
  // A relative path is to be ignored (XDG Base Directory Specification).
  const base = (name: string, fallback: string) => {
    const value = env[name];
    return join(value?.startsWith('/') ? value : join(home, fallback), 'nook');
  };
  return {
    state: base('XDG_STATE_HOME', '.local/state'),
    cache: base('XDG_CACHE_HOME', '.cache'),
    config: base('XDG_CONFIG_HOME', '.config'),
    run: runtimeDir(env.XDG_RUNTIME_DIR),
  };
}

function runtimeDir(xdg: string | undefined): string {
  if (xdg?.startsWith('/') && isOwn(xdg)) return join(xdg, 'nook');
  return `/tmp/nook-${process.getuid?.() ?? 0}`;
}

function isOwn(path: string): boolean {
  return isOwnDirectory(statSync(path, { throwIfNoEntry: false }));
}

function isOwnDirectory(stats: Stats | undefined): boolean {
  return stats?.isDirectory() === true && stats.uid === process.getuid?.();
}

async function makeDir(path: string, { shared }: { readonly shared: boolean }): Promise<void> {
  let stats: Stats;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    stats = await lstat(path);
    if (shared && stats.isSymbolicLink()) return;
    if (isOwnDirectory(stats) && (stats.mode & 0o077) !== 0 && !shared) await chmod(path, 0o700);
  } catch (error) {
    throw new NookError('unavailable', `The directory '${path}' cannot be made: ${(error as Error).message}`, {
      hint: 'Choose another place with NOOK_HOME.',
      cause: error,
    });
  }
  if (!shared && !isOwnDirectory(stats)) {
    throw new NookError('unavailable', `'${path}' is not a directory of this user.`, {
      hint: 'Remove it, or choose another place with NOOK_HOME.',
    });
  }
}

import { chmod, lstat, stat, statfs } from 'node:fs/promises';
import type { Dirs, DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { Database } from './database.ts';

const LOW_BYTES = 2 * 1024 ** 3;

/** What the engine itself looks at. */
export function ownChecks(options: {
  readonly dirs: Dirs;
  /** Path of the socket that the daemon serves, where it serves one. */
  readonly socket?: string;
  readonly database: Database;
  /** Reads and checks config.toml again; throws what is wrong with it. */
  readonly checkConfig: () => Promise<string>;
}): readonly DoctorCheck[] {
  const { dirs, socket, database, checkConfig } = options;
  return [
    {
      name: 'daemon.directories',
      run: () => Promise.all(Object.entries(dirs).map(([name, path]) => directory(name, path))),
      fix: () => Promise.all(Object.entries(dirs).map(([name, path]) => closed(path, () => directory(name, path)))),
    },
    ...(socket === undefined ? [] : [socketCheck(socket)]),
    {
      name: 'daemon.store',
      async run() {
        const problems = database.quickCheck();
        const evidence = problems.length === 0 ? `${database.path}: sound` : problems.join('; ');
        return problems.length === 0
          ? [{ status: 'ok', item: 'store', evidence }]
          : [{ status: 'error', item: 'store', evidence, repair: `Restore '${database.path}' from a backup.` }];
      },
    },
    {
      name: 'daemon.config',
      async run() {
        try {
          return [{ status: 'ok', item: 'config', evidence: await checkConfig() }];
        } catch (error) {
          return [{ status: 'error', item: 'config', evidence: (error as Error).message, repair: 'Correct the file.' }];
        }
      },
    },
  ];
}

async function directory(name: string, path: string): Promise<DoctorFinding> {
  const item = `directory ${name}`;
  const stats = await stat(path);
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  if (stats.uid !== process.getuid?.() && name !== 'images') {
    return { status: 'error', item, evidence: `${path} belongs to uid ${stats.uid}`, repair: `Remove '${path}'.` };
  }
  if ((stats.mode & 0o077) !== 0 && name !== 'images') {
    return tooOpen(item, path, { mode, wanted: '700' });
  }
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const evidence = `${path}, mode ${mode}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free < LOW_BYTES && name !== 'run') {
    return { status: 'warning', item, evidence, repair: 'Free some space on the disk.' };
  }
  return { status: 'ok', item, evidence };
}

function socketCheck(path: string): DoctorCheck {
  const look = () => socketFinding(path);
  return { name: 'daemon.socket', run: async () => [await look()], fix: async () => [await closed(path, look)] };
}

async function socketFinding(path: string): Promise<DoctorFinding> {
  const item = 'socket';
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isSocket()) {
    const repair = 'Start the daemon anew: nook daemon restart';
    return { status: 'error', item, evidence: `${path} is gone: no new client finds this daemon`, repair };
  }
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  if ((stats.mode & 0o077) !== 0) return tooOpen(item, path, { mode, wanted: '600' });
  return { status: 'ok', item, evidence: `${path}, mode ${mode}` };
}

function tooOpen(item: string, path: string, { mode, wanted }: { mode: string; wanted: string }): DoctorFinding {
  const command = `chmod ${wanted} '${path}'`;
  return { status: 'warning', item, evidence: `${path} has mode ${mode}`, repair: command, fix: command };
}

/** Takes away what others may do with it, where that is all that is wrong with it. */
async function closed(path: string, look: () => Promise<DoctorFinding>): Promise<DoctorFinding> {
  const found = await look();
  const { fix, evidence } = found;
  if (fix === undefined) return found;
  await chmod(path, (await lstat(path)).mode & 0o700);
  return { ...(await look()), fixed: `${fix} (${evidence})` };
}

import { join } from 'node:path';
import { isNookError, NookError } from '@nook/daemonapi';
import { configPath, lockFile, makeDirs, RpcClient, resolveDirs, SYSTEM_DIRS, socketPath } from '@nook/wire';
import { configuredCommand } from './daemon-command.ts';
import { type Env, startDaemon } from './start-daemon.ts';

export interface ConnectOptions {
  /** Where the daemon's directories are resolved from, and its environment when it is started. */
  readonly env: Env;
  /** Program and arguments that start a daemon where config.toml names none. Absent: none is started. */
  readonly defaultDaemonCommand?: readonly string[];
  /** How long a daemon may take to start, in milliseconds; 30 000 when absent. */
  readonly startDeadlineMs?: number;
}

const START_DEADLINE_MS = 30_000;

/**
 * Connects to the daemon of this home, starting it when none runs. Of several that do this at once, one starts it.
 * @throws NookError what the daemon said when it could not start; `unavailable` when none runs and none is to be started
 */
export async function connectOrStart(options: ConnectOptions): Promise<RpcClient> {
  const { env, defaultDaemonCommand, startDeadlineMs: deadlineMs = START_DEADLINE_MS } = options;
  const dirs = resolveDirs(env);
  const path = socketPath(dirs);
  const running = await connectIfRunning(path);
  if (running !== undefined) return running;
  if (dirs.run === SYSTEM_DIRS.run) {
    throw new NookError('unavailable', "The service 'nookd' is stopped, and it alone serves this user's machines.", {
      hint: 'Start it: sudo nook system restart',
    });
  }
  if (defaultDaemonCommand === undefined) {
    throw new NookError('unavailable', 'The daemon is not running.', { hint: 'Start it with: nook daemon start' });
  }
  await makeDirs(dirs);
  const lockPath = join(dirs.run, 'start.lock');
  const lock = await lockFile(lockPath, { waitMs: deadlineMs + 5000 });
  if (lock === undefined) {
    throw new NookError('timeout', 'Another command is still starting the daemon.', {
      hint: `Find it with: fuser -v '${lockPath}'`,
    });
  }
  try {
    const started = await connectIfRunning(path);
    if (started !== undefined) return started;
    const command = (await configuredCommand(configPath(dirs))) ?? defaultDaemonCommand;
    await startDaemon({ command, env, dirs, deadlineMs });
    return await RpcClient.connect(path);
  } finally {
    await lock.release();
  }
}

async function connectIfRunning(path: string): Promise<RpcClient | undefined> {
  try {
    return await RpcClient.connect(path);
  } catch (error) {
    const errno = isNookError(error) ? error.details?.errno : undefined;
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED') return undefined;
    throw error;
  }
}

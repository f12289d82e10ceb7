import { NookError } from '@nook/daemonapi';
import { libc } from './libc.ts';

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const FIRST_FD = 3;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Takes the listening socket that systemd made for this process, if it did. Those of other processes, as an environment
 * handed on has them, are left alone.
 * @throws NookError `bad_params` when there are several
 */
export function takeListenFd(env: NodeJS.ProcessEnv, pid = process.pid): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined || LISTEN_FDS === '0') return undefined;
  if (LISTEN_FDS !== '1') {
    throw new NookError('bad_params', `nookd serves one socket, and was given ${LISTEN_FDS}.`, {
      hint: 'Name one ListenStream= in the socket unit.',
    });
  }
  // Processes that the daemon starts must not keep the socket open.
  libc().fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC);
  return FIRST_FD;
}

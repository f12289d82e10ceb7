import { isNookError } from '@nook/daemonapi';
import { makeDirs, resolveDirs } from '@nook/wire';
import { createEngine } from './engine.ts';
import { ExitPath } from './exit-path.ts';
import { inspect } from './inspect.ts';
import { announceInstance, becomeInstance } from './instance-lock.ts';
import { startError, takeReadyFd } from './ready.ts';
import { type Notify, takeNotifySocket } from './system/sd-notify.ts';
import { takeListenFd } from './system/socket-activation.ts';

/**
 * Runs the registered plugins as a daemon: the one call of its entry file. Becomes the one instance of its home, or
 * says that there is one and exits with 0; then serves until a signal or `shutdown` ends it. Never returns to code
 * that could do anything more.
 */
export async function runDaemon(): Promise<void> {
  process.umask(0o077);
  // What a process is stands in its command line, also when it runs from the sources.
  if (!process.argv.some((argument) => argument.includes('nookd'))) process.title = 'nookd';
  const announce = takeReadyFd(process.env);
  const notify = takeNotifySocket(process.env, (error) => console.error(`nookd: systemd was not told: ${error}`));
  try {
    const questions = process.argv.slice(2);
    if (questions.length > 0) process.exit(await inspect(questions));
    const dirs = resolveDirs();
    await makeDirs(dirs);
    const instance = await becomeInstance(dirs);
    if ('runningPid' in instance) {
      announce({ ready: true, pid: instance.runningPid });
      console.log(`already running, pid ${instance.runningPid}`);
      process.exit(0);
    }
    await serve({ announce, notify, listenFd: takeListenFd(process.env) });
  } catch (error) {
    announce(startError(error));
    console.error(`nookd: ${error instanceof Error ? error.message : String(error)}`);
    if (isNookError(error) && error.hint !== undefined) console.error(`hint: ${error.hint}`);
    process.exit(1);
  }
}

interface Surroundings {
  readonly announce: ReturnType<typeof takeReadyFd>;
  readonly notify: Notify;
  readonly listenFd: number | undefined;
}

async function serve({ announce, notify, listenFd }: Surroundings): Promise<void> {
  const engine = createEngine({ onShutdown: () => exit.leave(0), ...(listenFd === undefined ? {} : { listenFd }) });
  const exit = new ExitPath({
    stop: () => {
      notify({ STOPPING: 1 });
      return engine.stop();
    },
    drainMs: () => engine.drainMs,
    reload: async () => {
      notify({ RELOADING: 1, MONOTONIC_USEC: process.hrtime.bigint() / 1000n });
      try {
        await engine.reload();
      } catch (error) {
        engine.log.error({ err: error }, 'the configuration was not reloaded');
      } finally {
        notify({ READY: 1 });
      }
    },
    report: (error, what) => {
      engine.log.error({ err: error }, what);
      console.error(`nookd: ${what}: ${error instanceof Error ? error.stack : String(error)}`);
    },
  });
  exit.install();
  try {
    await engine.start();
  } catch (error) {
    if (!exit.leaving) throw error;
    // A signal while it started: the way out that it took ends the process.
    announce(startError(error));
    return;
  }
  announceInstance(engine.dirs);
  announce({ ready: true, pid: process.pid });
  notify({ READY: 1, MAINPID: process.pid, STATUS: 'serving' });
  if (process.stdout.isTTY) console.log(`nookd is ready, pid ${process.pid}`);
}

import { chown, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isNookError } from '@nook/daemonapi';
import { buildInfo, listenUnix, lockFile } from '@nook/wire';
import pino from 'pino';
import { RUN_DIR, SOCKET_NAME, STATE_DIR } from '../places.ts';
import { Helper } from './helper.ts';
import { Kept } from './kept.ts';
import { ownDirectory } from './own-files.ts';
import { Scopes } from './scopes.ts';
import { Service } from './service.ts';

/** How long what is being changed may take when the helper is told to end. */
const LAST_CHANGE_MS = 60_000;

const log = pino(
  {
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  },
  pino.destination({ dest: 2, sync: true }),
);

/** `nook-roothelper [--state DIR] [--run DIR] [--cgroup DIR]`: serves whom `install.json` in the state directory names. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string', default: STATE_DIR },
      run: { type: 'string', default: RUN_DIR },
      cgroup: { type: 'string', default: '/sys/fs/cgroup' },
    },
  });
  process.umask(0o077);
  process.chdir('/');
  for (const name of Object.keys(process.env)) delete process.env[name];
  process.on('SIGHUP', () => {});

  const kept = new Kept(values.state);
  await ownDirectory(values.state, 0o700);
  await ownDirectory(values.run, 0o711);
  const record = await kept.record();
  const lock = await lockFile(join(values.state, 'lock'), { waitMs: 0 });
  if (lock === undefined) throw new Error(`another helper uses '${values.state}'`);
  const helper = new Helper({ record, kept, scopes: new Scopes(values.cgroup, record.owner_uid) });
  const service = new Service({
    ...{ helper, log },
    onUninstalled: () => void rm(values.run, { recursive: true, force: true }).then(() => end(0)),
  });

  const restored = await helper.restore().catch((error: unknown) => {
    log.error({ err: error }, 'the networks could not be put right; a later reconcile may');
    return { repaired: [] };
  });
  const path = join(values.run, SOCKET_NAME);
  // One that was killed left it, or the lock would be held; without the capability to open others' files it could not be asked.
  await rm(path, { force: true });
  const server = await listenUnix(path, (socket) => service.accept(socket));
  await chown(path, record.owner_uid, 0);
  log.info({ ...buildInfo, owner_uid: record.owner_uid, socket: path, repaired: restored.repaired }, 'helper is up');

  async function end(code: number): Promise<void> {
    setTimeout(() => process.exit(1), LAST_CHANGE_MS).unref();
    await server.close();
    await service.settle();
    log.info('helper is done');
    process.exit(code);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0));
}

process.title = 'nook-roothelper';
main().catch((error: unknown) => {
  log.fatal(
    isNookError(error) ? { code: error.code, reason: error.message, hint: error.hint } : { err: error },
    'helper cannot run',
  );
  process.exit(1);
});

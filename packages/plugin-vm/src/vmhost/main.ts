import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { identify, JsonLog, listenUnix, writeFileAtomic } from '@nook/wire';
import { STOP_SIGNAL } from '../limits/stop-signal.ts';
import { Control } from './control.ts';
import { type HostSpec, VM_FILES } from './host-spec.ts';
import { VmHost } from './vm-host.ts';

/** Inherited from the daemon: a line of it says that the machine may be started, one to it that the control socket listens. */
const DAEMON_FD = 3;
/** How long clients have to take what is left for them once the machine is gone. */
const FAREWELL_MS = 5_000;

/** `vmhost DIR --token=TOKEN`: runs the VM that `DIR/spec.json` describes, until it ends. */
async function main(dir: string): Promise<void> {
  process.umask(0o077);
  const spec = JSON.parse(await readFile(join(dir, VM_FILES.spec), 'utf8')) as HostSpec;
  const opIds = new AsyncLocalStorage<string>();
  let current = () => spec;
  const log = new JsonLog(join(dir, VM_FILES.log), () => ({
    pid: process.pid,
    vm: current().identity.hostname,
    boot: spec.boot,
    op_id: opIds.getStore() ?? current().op_id,
  }));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'vmhost fails');
    process.exit(1);
  });
  // The terminal and the daemon that started it are nothing to it.
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});

  const host = new VmHost(spec, log);
  current = () => host.spec;
  const control = new Control(host, log, opIds);
  // The machine's process comes up while this one makes itself known; should that fail, the kernel ends both.
  const daemon = new Socket({ fd: DAEMON_FD });
  // Once the machine runs it goes on without it.
  daemon.on('error', () => {});
  const booted = host.boot(goAhead(daemon));
  const server = await listenUnix(join(dir, VM_FILES.socket), (socket) => control.serve(socket));
  await writeFileAtomic(join(dir, VM_FILES.pid), JSON.stringify(identify(process.pid, spec.token)));
  for (const signal of ['SIGTERM', STOP_SIGNAL.name] as const) process.on(signal, () => void host.stop(10_000));
  daemon.write('ready\n');
  log.info({ boot: spec.boot }, 'vmhost is up');

  await Promise.race([booted, host.ended]);
  await host.ended;
  await control.settle(FAREWELL_MS);
  await server.close();
  rmSync(join(dir, VM_FILES.pid), { force: true });
  log.info('vmhost is done');
  process.exit(0);
}

/** @throws when the daemon ends before it has put this process where it belongs */
async function goAhead(daemon: Socket): Promise<void> {
  try {
    await once(daemon, 'data', { signal: endOf(daemon) });
  } catch {
    throw new Error('the daemon ended while it started the VM');
  }
}

function endOf(daemon: Socket): AbortSignal {
  const end = new AbortController();
  for (const event of ['end', 'close']) daemon.once(event, () => end.abort());
  return end.signal;
}

const dir = process.argv[2];
if (dir === undefined) {
  process.stderr.write('vmhost runs one VM; it is started by nookd with the folder of the VM.\n');
  process.exit(2);
}
await main(dir);

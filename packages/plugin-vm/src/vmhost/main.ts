import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, rmSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listenUnix, writeFileAtomic } from '@nook/wire';
import { identify } from '../hosts/process-identity.ts';
import { Control } from './control.ts';
import { type HostSpec, VM_FILES } from './host-spec.ts';
import { JsonLog } from './json-log.ts';
import { VmHost } from './vm-host.ts';

/** Inherited from the daemon: one line, or its end, tells that the control socket listens. */
const READY_FD = 3;
/** How long clients have to take what is left for them once the machine is gone. */
const FAREWELL_MS = 5_000;

/** `vmhost DIR --token=TOKEN`: runs the VM that `DIR/spec.json` describes, until it ends. */
async function main(dir: string): Promise<void> {
  process.umask(0o077);
  const spec = JSON.parse(await readFile(join(dir, VM_FILES.spec), 'utf8')) as HostSpec;
  const opIds = new AsyncLocalStorage<string>();
  const log = new JsonLog(join(dir, VM_FILES.log), () => ({
    pid: process.pid,
    vm: spec.machine.name,
    boot: spec.boot,
    op_id: opIds.getStore() ?? spec.op_id,
  }));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'vmhost fails');
    process.exit(1);
  });
  // The terminal and the daemon that started it are nothing to it.
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});

  const host = new VmHost(spec, log);
  const control = new Control(host, log, opIds);
  const server = await listenUnix(join(dir, VM_FILES.socket), (socket) => control.serve(socket));
  await writeFileAtomic(join(dir, VM_FILES.pid), JSON.stringify(identify(process.pid, spec.token)));
  process.on('SIGTERM', () => void host.stop(10_000));
  writeSync(READY_FD, 'ready\n');
  closeSync(READY_FD);
  log.info({ boot: spec.boot }, 'vmhost is up');

  await Promise.race([host.boot(), host.ended]);
  await host.ended;
  await control.settle(FAREWELL_MS);
  await server.close();
  rmSync(join(dir, VM_FILES.pid), { force: true });
  log.info('vmhost is done');
  process.exit(0);
}

const dir = process.argv[2];
if (dir === undefined) {
  process.stderr.write('vmhost runs one VM; it is started by nookd with the folder of the VM.\n');
  process.exit(2);
}
await main(dir);

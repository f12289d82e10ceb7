import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@nook/daemonapi';
import { MACHINE_FILES } from '../driver/machine-spec.ts';
import { VM_FILES } from '../vmhost/host-spec.ts';
import { commandLine } from './process-identity.ts';

const GONE_MS = 5_000;
/** Nothing tells of the end of a process that is not a child; one that was killed is gone within a few of these. */
const LOOK_MS = 5;

/** Ends what is left of a VM whose vmhost died: its processes, until the kernel has taken them away, and its sockets. */
export async function endLeftovers(dir: string, log: Logger): Promise<void> {
  const deadline = Date.now() + GONE_MS;
  for (let pids = processesOf(dir); pids.length > 0; pids = processesOf(dir)) {
    for (const pid of pids) killIfThere(pid);
    if (Date.now() > deadline) {
      log.error({ dir, pids }, 'processes of a VM do not end');
      return;
    }
    await delay(LOOK_MS);
  }
  const { socket, pid, machine } = VM_FILES;
  for (const name of [socket, pid, join(machine, MACHINE_FILES.qmp), join(machine, MACHINE_FILES.agent)]) {
    await rm(join(dir, name), { force: true });
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself.
  }
}

/** Pids of the processes that carry a VM's folder in their command line: its vmhost and its QEMU. */
function processesOf(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isOfVm(commandLine(pid), dir));
}

function isOfVm(argv: readonly string[], dir: string): boolean {
  if (!argv.includes(dir)) return false;
  return argv.some((word) => /vmhost\.mjs$|vmhost\/main\.ts$/.test(word)) || /qemu-system/.test(argv[0] ?? '');
}

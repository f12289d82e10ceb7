import { readFileSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { NookError } from '@nook/daemonapi';
import { type AdmissionLimits, type Committed, type HostRoom, refusal } from './admission-plan.ts';

interface AdmissionParts {
  readonly limits: AdmissionLimits;
  /** Where VMs are. */
  readonly dir: string;
  /** VMs that run, and what waits in the pool. */
  readonly committed: () => Committed;
}

/** Lets VMs start that the host has room for. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** @throws NookError `unavailable`, with the figures, when a VM with so much memory does not fit */
  require(what: string, memoryBytes: number): void {
    const { limits, dir, committed } = this.#parts;
    const why = refusal(memoryBytes, { limits, room: hostRoom(dir), committed: committed() });
    if (why === undefined) return;
    throw new NookError('unavailable', `There is no room for ${what} on this host: ${why}.`, {
      hint: 'Stop a VM (nook vm list --filter state=running), give it less memory, or change [vm.admission] in config.toml.',
    });
  }
}

function hostRoom(dir: string): HostRoom {
  const { bavail, bsize } = statfsSync(dir);
  return { memory_total: totalmem(), memory_available: memoryAvailable(), disk_available: bavail * bsize };
}

function memoryAvailable(): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return kilobytes === undefined ? Number.POSITIVE_INFINITY : Number(kilobytes) * 1024;
}

import type { LimitsConfig } from './limits-config.ts';

/** What the processes of one VM may take together. */
export interface ScopeFigures {
  readonly memory_bytes: number;
  /** So many CPUs' time. */
  readonly cpus: number;
  /** Processes and their threads. */
  readonly pids: number;
}

interface Machine {
  readonly vcpus: number;
  readonly memory_bytes: number;
  /** What runs its code; anything but `kvm` translates it. */
  readonly accelerator: string | undefined;
}

/** The kernel counts memory in pages. */
const PAGE = 4096;
/** What an emulator keeps of translated code at most: QEMU's own default, and an eighth of the host's memory. */
const TRANSLATIONS = 1024 ** 3;

/** What a VM may take of the host: what its guest has, and what is needed to run it. */
export function figuresFor(machine: Machine, config: LimitsConfig, hostMemory: number): ScopeFigures {
  const translations = machine.accelerator === 'kvm' ? 0 : Math.min(TRANSLATIONS, hostMemory / 8);
  const memory = machine.memory_bytes + config.memory_overhead + translations;
  return {
    memory_bytes: Math.ceil(memory / PAGE) * PAGE,
    cpus: machine.vcpus + config.cpu_overhead,
    pids: machine.vcpus + config.pids_overhead,
  };
}

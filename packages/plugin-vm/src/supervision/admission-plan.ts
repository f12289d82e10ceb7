import { formatAmount } from '../format-amount.ts';

/** `[vm.admission]` */
export interface AdmissionLimits {
  /** All VMs together may be given so many times the host's memory. */
  readonly memory_overcommit: number;
  /** So much of the host's memory stays free. */
  readonly min_free_memory: number;
  /** So much of the disk that VMs are on stays free. */
  readonly min_free_disk: number;
  /** 0: any number. */
  readonly max_vms: number;
}

/** How the host stands. Bytes. */
export interface HostRoom {
  readonly memory_total: number;
  readonly memory_available: number;
  readonly disk_available: number;
}

/** What runs on it of nook's: VMs on their way included. */
export interface Committed {
  readonly vms: number;
  /** As configured; what waits in the pool with what it takes. */
  readonly memory_bytes: number;
}

/** Why a VM with so much memory may not start, with the figures; undefined: it may. */
export function refusal(
  memoryBytes: number,
  {
    limits,
    room,
    committed,
  }: { readonly limits: AdmissionLimits; readonly room: HostRoom; readonly committed: Committed },
): string | undefined {
  const { memory_overcommit, min_free_memory, min_free_disk, max_vms } = limits;
  if (max_vms > 0 && committed.vms >= max_vms) {
    return `${committed.vms} VMs run, and max_vms is ${max_vms}`;
  }
  const most = room.memory_total * memory_overcommit;
  if (committed.memory_bytes + memoryBytes > most) {
    const has = `${formatAmount(room.memory_total)} × ${memory_overcommit}`;
    return `VMs that run have ${formatAmount(committed.memory_bytes)} of memory, it would have ${formatAmount(memoryBytes)}, and all together may have ${formatAmount(most)} (${has})`;
  }
  // A guest does not touch all that it is given; the factor says how much less is expected.
  const expected = memoryBytes / Math.max(1, memory_overcommit);
  if (room.memory_available - expected < min_free_memory) {
    return `the host has ${formatAmount(room.memory_available)} of memory available, of which it is expected to take ${formatAmount(expected)}, and ${formatAmount(min_free_memory)} stay free`;
  }
  if (room.disk_available < min_free_disk) {
    return `the disk of the VMs has ${formatAmount(room.disk_available)} left, and ${formatAmount(min_free_disk)} stay free`;
  }
  return undefined;
}

import type { VmStats } from '../contract.ts';
import { formatAmount } from '../format-amount.ts';

/** What a VM used between two samples. */
interface Usage {
  /** Per cent of one CPU, as the guest sees it. */
  readonly cpu_percent?: number | undefined;
  /** Per cent of one CPU of the host, for QEMU and vmhost together. */
  readonly host_cpu_percent?: number | undefined;
}

/** Undefined where a counter is missing, or went back: the VM was started anew in between. */
export function usageBetween(before: VmStats | undefined, after: VmStats): Usage {
  const elapsed = before === undefined ? 0 : after.at - before.at;
  return {
    cpu_percent: percent(elapsed, before?.guest?.cpu_busy_ms, after.guest?.cpu_busy_ms),
    host_cpu_percent:
      before?.qemu?.pid === after.qemu?.pid ? percent(elapsed, hostCpu(before), hostCpu(after)) : undefined,
  };
}

export const USAGE_COLUMNS = [
  'NAME',
  'STATE',
  'CPU',
  'MEMORY',
  'NET IN/OUT',
  'DISK READ/WRITTEN',
  'HOST CPU',
  'HOST MEMORY',
  'HOST DISK',
  'NOTE',
];

export function usageRow(stats: VmStats, usage: Usage): string[] {
  const { guest, vmhost, qemu } = stats;
  const total = guest?.memory_total_bytes;
  const used = total === undefined ? undefined : total - (guest?.memory_available_bytes ?? 0);
  return [
    stats.name,
    stats.state,
    formatPercent(usage.cpu_percent),
    pair(used, total),
    pair(guest?.received_bytes, guest?.sent_bytes),
    pair(guest?.disk_read_bytes, guest?.disk_written_bytes),
    formatPercent(usage.host_cpu_percent),
    amount(vmhost && qemu ? vmhost.memory_bytes + qemu.memory_bytes : undefined),
    amount(stats.disk_bytes),
    stats.state === 'running' ? (stats.missing ?? '') : '',
  ];
}

function percent(elapsedMs: number, before: number | undefined, after: number | undefined): number | undefined {
  if (elapsedMs <= 0 || before === undefined || after === undefined || after < before) return undefined;
  return Math.round(((after - before) / elapsedMs) * 1000) / 10;
}

function hostCpu(stats: VmStats | undefined): number | undefined {
  return stats?.vmhost && stats.qemu ? stats.vmhost.cpu_ms + stats.qemu.cpu_ms : undefined;
}

function formatPercent(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} %`;
}

function amount(bytes: number | undefined): string {
  return bytes === undefined ? '-' : formatAmount(bytes);
}

function pair(first: number | undefined, second: number | undefined): string {
  return first === undefined && second === undefined ? '-' : `${amount(first)} / ${amount(second)}`;
}

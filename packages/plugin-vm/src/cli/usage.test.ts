import { describe, expect, it } from 'vitest';
import type { VmStats } from '../contract.ts';
import { usageBetween, usageRow } from './usage.ts';

const sample = (at: number, busy: number, host: number, pid = 7): VmStats => ({
  ...{ name: 'web', state: 'running', at, disk_bytes: 5 * 1024 ** 2 },
  guest: {
    cpu_busy_ms: busy,
    memory_total_bytes: 1024 ** 3,
    memory_available_bytes: 1024 ** 3 / 2,
    received_bytes: 10,
  },
  vmhost: { pid: 6, cpu_ms: 10, memory_bytes: 30 * 1024 ** 2 },
  qemu: { pid, cpu_ms: host, memory_bytes: 70 * 1024 ** 2 },
});

describe('what a VM uses', () => {
  it('is the difference of two samples', () => {
    expect(usageBetween(sample(1000, 500, 100), sample(3000, 1500, 3100))).toEqual({
      ...{ cpu_percent: 50, host_cpu_percent: 150 },
    });
  });

  it('is not known from one sample, nor across a restart', () => {
    const none = { cpu_percent: undefined, host_cpu_percent: undefined };
    expect(usageBetween(undefined, sample(1000, 500, 100))).toEqual(none);
    expect(usageBetween(sample(1000, 500, 100), sample(3000, 20, 30, 8))).toEqual(none);
  });

  it('is a row for people', () => {
    expect(usageRow(sample(0, 0, 0), { cpu_percent: 12.34 })).toEqual([
      ...['web', 'running', '12.3 %', '512 MiB / 1.0 GiB', '10 B / -', '-', '-', '100 MiB', '5.0 MiB', ''],
    ]);
    const silent: VmStats = { name: 'web', state: 'running', at: 1, missing: 'No answer.' };
    expect(usageRow(silent, {})).toEqual(['web', 'running', '-', '-', '-', '-', '-', '-', '-', 'No answer.']);
  });
});

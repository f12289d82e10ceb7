import { decodeFields } from './fields.ts';
import { GuestProtocolError } from './protocol-error.ts';

/** Answer to STATS: counters since the machine booted, and levels. What the guest's kernel does not tell is absent. */
export interface GuestStats {
  readonly uptime_ms?: number;
  /** Milliseconds of all CPUs together. */
  readonly cpu_busy_ms?: number;
  readonly cpu_idle_ms?: number;
  readonly cpus?: number;
  readonly memory_total_bytes?: number;
  readonly memory_available_bytes?: number;
  readonly swap_total_bytes?: number;
  readonly swap_free_bytes?: number;
  /** Processes and their threads. */
  readonly tasks?: number;
  /** Average of the last minute. */
  readonly load?: number;
  /** All interfaces but the loopback. */
  readonly received_bytes?: number;
  readonly sent_bytes?: number;
  readonly disk_read_bytes?: number;
  readonly disk_written_bytes?: number;
  readonly root_total_bytes?: number;
  readonly root_available_bytes?: number;
}

/** By tag, counted from 1; the factor makes the wire's unit the field's. */
const FIELDS: readonly (readonly [keyof GuestStats, number])[] = [
  ['uptime_ms', 1e-6],
  ['cpu_busy_ms', 1e-6],
  ['cpu_idle_ms', 1e-6],
  ['cpus', 1],
  ['memory_total_bytes', 1],
  ['memory_available_bytes', 1],
  ['swap_total_bytes', 1],
  ['swap_free_bytes', 1],
  ['tasks', 1],
  ['load', 0.01],
  ['received_bytes', 1],
  ['sent_bytes', 1],
  ['disk_read_bytes', 1],
  ['disk_written_bytes', 1],
  ['root_total_bytes', 1],
  ['root_available_bytes', 1],
];

/** @throws GuestProtocolError */
export function decodeStats(payload: Buffer): GuestStats {
  const stats: { -readonly [K in keyof GuestStats]: number } = {};
  for (const { tag, value } of decodeFields(payload)) {
    const field = FIELDS[tag - 1];
    if (!field) continue;
    if (value.length !== 8) throw new GuestProtocolError('invalid', `Field ${tag} of STATS is not a 64-bit number.`);
    const [name, factor] = field;
    const number = Number(value.readBigUInt64LE());
    stats[name] = factor === 0.01 ? number / 100 : Math.round(number * factor);
  }
  return stats;
}

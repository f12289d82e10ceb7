import { readFile } from 'node:fs/promises';

/** What a process of the host uses. */
export interface ProcessStats {
  readonly pid: number;
  /** User and system time since it began. */
  readonly cpu_ms: number;
  /** Its share of the memory (PSS); resident memory where the kernel does not tell. */
  readonly memory_bytes: number;
}

const USER_TIME = 11;
const SYSTEM_TIME = 12;
/** Linux shows times in hundredths of a second, whatever it counts in. */
const TICK_MS = 10;

/** Undefined when the process is gone. */
export async function processStats(pid: number | undefined): Promise<ProcessStats | undefined> {
  if (pid === undefined) return undefined;
  const [stat, memory] = await Promise.all([read(pid, 'stat'), memoryOf(pid)]);
  if (stat === undefined || memory === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
  return { pid, cpu_ms: ticks * TICK_MS, memory_bytes: memory };
}

async function memoryOf(pid: number): Promise<number | undefined> {
  const share = kilobytes(await read(pid, 'smaps_rollup'), 'Pss');
  return share ?? kilobytes(await read(pid, 'status'), 'VmRSS');
}

function kilobytes(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '');
  return found ? Number(found[1]) * 1024 : undefined;
}

async function read(pid: number, name: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

import { readFile, writeFile } from 'node:fs/promises';

/** MB of 10⁶ bytes. */
export interface Memory {
  readonly rss: number;
  /** Shared pages counted in equal parts for all that share them. */
  readonly pss: number;
  /** What would be free if the process went. */
  readonly private: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kib === undefined) throw new Error(`smaps_rollup of process ${pid} has no ${name}`);
    return (Number(kib) * 1024) / 1e6;
  };
  return { rss: field('Rss'), pss: field('Pss'), private: field('Private_Clean') + field('Private_Dirty') };
}

/** The most that a process had in memory since it began, or since {@link forgetPeak}: MB of 10⁶ bytes. */
export async function peakOf(pid: number): Promise<number> {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`the status of process ${pid} has no VmHWM`);
  return (Number(kib) * 1024) / 1e6;
}

/** proc_pid_clear_refs(5): 5 makes the present size the peak. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

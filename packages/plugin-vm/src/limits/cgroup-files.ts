import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScopeFigures } from './scope-figures.ts';

export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

/** In which the kernel counts CPU time; its own default. */
const PERIOD_US = 100_000;

/** A file of a cgroup; undefined when it is not there, as those of controllers that are not enabled. */
export function readCgroupFile(dir: string, name: string): string | undefined {
  try {
    return readFileSync(join(dir, name), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Writes what the cgroup has files for. @throws when the kernel does not take a figure */
export function writeFigures(dir: string, { memory_bytes, cpus, pids }: ScopeFigures): void {
  const contents = {
    'memory.max': String(memory_bytes),
    'cpu.max': `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`,
    'pids.max': String(pids),
  };
  for (const [name, content] of Object.entries(contents)) {
    if (readCgroupFile(dir, name) !== undefined) writeFileSync(join(dir, name), content);
  }
}

/** What the kernel holds a cgroup to; absent is what it does not. */
export function readFigures(dir: string): Partial<ScopeFigures> {
  const figure = (text: string | undefined) => (text === undefined || text === 'max' ? undefined : Number(text));
  const memory_bytes = figure(readCgroupFile(dir, 'memory.max'));
  const [quota, period] = readCgroupFile(dir, 'cpu.max')?.split(' ') ?? [];
  const microseconds = figure(quota);
  const pids = figure(readCgroupFile(dir, 'pids.max'));
  return {
    ...(memory_bytes === undefined ? {} : { memory_bytes }),
    ...(microseconds === undefined ? {} : { cpus: microseconds / Number(period) }),
    ...(pids === undefined ? {} : { pids }),
  };
}

/** Whether it, or a cgroup below it, has a living process. */
export function isPopulated(dir: string): boolean {
  return /^populated 1$/m.test(readCgroupFile(dir, 'cgroup.events') ?? '');
}

/** Why the kernel ended a process of this cgroup, where it did so for want of memory. */
export function outOfMemory(dir: string): string | undefined {
  const events = readCgroupFile(dir, 'memory.events');
  const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(events ?? '')?.[1] ?? 0);
  if (count('oom_kill') === 0) return undefined;
  if (count('oom') === 0) return 'the host ran out of memory';
  const limit = readFigures(dir).memory_bytes;
  const mebibytes = limit === undefined ? 'their limit' : `${Math.floor(limit / 1024 ** 2)} MiB`;
  return `the processes of the VM may take ${mebibytes} of memory together, and needed more`;
}

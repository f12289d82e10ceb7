import { closeSync, openSync, readSync } from 'node:fs';

const PAGE = 4096;
const ENTRY = 8;
const WINDOW = 1024 * 1024;

/** A stretch of a process's memory, both ends on pages. */
export interface Stretch {
  readonly address: number;
  readonly size: number;
}

/** Bytes, counted from the stretch's address. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The upper halves of the entries of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst). */
const PRESENT = 1 << 31;
const SWAPPED = 1 << 30;
const OF_FILE_OR_SHARED = 1 << 29;

/**
 * The pages of a private mapping that its process has written to: anonymous ones, in memory or swapped out. Pages that
 * still are the mapped file's, and those never touched, are left out. The process must stand still.
 */
export function touchedRanges(pid: number, stretch: Stretch): Range[] {
  const ranges: Range[] = [];
  let start = -1;
  let page = 0;
  for (const flags of pageFlags(pid, stretch)) {
    const touched = (flags & (PRESENT | SWAPPED)) !== 0 && (flags & OF_FILE_OR_SHARED) === 0;
    if (touched && start < 0) start = page * PAGE;
    if (!touched && start >= 0) {
      ranges.push({ start, end: page * PAGE });
      start = -1;
    }
    page++;
  }
  if (start >= 0) ranges.push({ start, end: page * PAGE });
  return ranges;
}

function* pageFlags(pid: number, { address, size }: Stretch): Generator<number> {
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    const entries = Buffer.alloc(WINDOW);
    let at = (address / PAGE) * ENTRY;
    const end = ((address + size) / PAGE) * ENTRY;
    while (at < end) {
      const read = readSync(pagemap, entries, 0, Math.min(entries.length, end - at), at);
      if (read === 0) throw new Error(`the pages of process ${pid} end too early`);
      for (let entry = 0; entry + ENTRY <= read; entry += ENTRY) yield entries.readInt32LE(entry + 4);
      at += read - (read % ENTRY);
    }
  } finally {
    closeSync(pagemap);
  }
}

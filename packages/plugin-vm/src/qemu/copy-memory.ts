import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { type Stretch, touchedRanges } from './touched-pages.ts';

const PIECE = 4 * 1024 * 1024;
const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

interface CopyTarget {
  /** A file that is as long as the memory. */
  readonly file: string;
  /** The file is one hole: pages of zeros need not be written. */
  readonly empty: boolean;
}

/**
 * Writes what a process has changed in a private mapping into a file that holds what was mapped, so that the file holds
 * the memory as the process sees it. The process must stand still. The kernel wants the rights of a debugger for it,
 * which a parent of the same user has.
 * @returns bytes written
 * @throws NookError `unavailable` when the kernel refuses
 */
export function copyTouched(pid: number, stretch: Stretch, { file, empty: sparse }: CopyTarget): number {
  const memory = openMemory(pid);
  try {
    const output = openSync(file, 'r+');
    try {
      const piece = Buffer.allocUnsafeSlow(PIECE);
      let copied = 0;
      for (const { start, end } of touchedRanges(pid, stretch)) {
        for (let at = start; at < end; at += PIECE) {
          const length = Math.min(PIECE, end - at);
          readWhole(memory, piece.subarray(0, length), stretch.address + at);
          const pages = piece.subarray(0, length);
          copied += sparse ? writeSparse(output, pages, at) : writeSync(output, pages, 0, length, at);
        }
      }
      return copied;
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(memory);
  }
}

/** Writes the pages that are not all zeros: a hole reads as those. */
function writeSparse(output: number, pages: Buffer, at: number): number {
  let written = 0;
  let from = 0;
  const flush = (to: number) => {
    if (to > from) writeSync(output, pages, from, to - from, at + from);
    written += to - from;
  };
  for (let page = 0; page < pages.length; page += PAGE) {
    if (!pages.subarray(page, page + PAGE).equals(ZEROS)) continue;
    flush(page);
    from = page + PAGE;
  }
  flush(pages.length);
  return written;
}

function openMemory(pid: number): number {
  try {
    return openSync(`/proc/${pid}/mem`, 'r');
  } catch (cause) {
    throw new NookError('unavailable', `The memory of process ${pid} may not be read: ${(cause as Error).message}.`, {
      hint: 'The kernel allows it to a parent unless kernel.yama.ptrace_scope is 2 or 3.',
      cause,
    });
  }
}

function readWhole(memory: number, into: Buffer, address: number): void {
  let done = 0;
  while (done < into.length) {
    const read = readSync(memory, into, done, into.length - done, address + done);
    if (read === 0) throw new Error('the memory ends too early');
    done += read;
  }
}

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { type Stretch, touchedRanges } from './touched-pages.ts';

const PIECE = 4 * 1024 * 1024;

/**
 * Writes what a process has changed in a private mapping into a file that holds what was mapped, so that the file holds
 * the memory as the process sees it. The process must stand still. The kernel wants the rights of a debugger for it,
 * which a parent of the same user has.
 * @returns bytes written
 * @throws NookError `unavailable` when the kernel refuses
 */
export function copyTouched(pid: number, stretch: Stretch, file: string): number {
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
          writeSync(output, piece, 0, length, at);
        }
        copied += end - start;
      }
      return copied;
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(memory);
  }
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

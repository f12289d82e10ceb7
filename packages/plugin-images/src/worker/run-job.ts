import { NookError, type Progress } from '@nook/daemonapi';
import { programFile } from '@nook/wire';
import { runProgram } from '../processes/run-program.ts';
import type { Job, JobResult, WorkerLine } from './jobs.ts';

/** Whoever asks the daemon for something meanwhile goes first, and so do machines. */
const NICER = 10;

export interface JobOptions {
  readonly signal: AbortSignal;
  /** Of the lock of the work, where there is one. */
  readonly lockFd?: number;
  readonly progress: (progress: Progress) => void;
  readonly note?: (line: string) => void;
}

/** Runs a job in a worker process. @throws the worker's error, or the signal's reason */
export async function runJob<J extends Job>(job: J, options: JobOptions): Promise<JobResult<J>> {
  let last: WorkerLine | undefined;
  const run = await runProgram(process.execPath, [programFile('images-worker', import.meta.url)], {
    signal: options.signal,
    ...(options.lockFd === undefined ? {} : { lockFd: options.lockFd }),
    input: JSON.stringify(job),
    // The worker then ends its whole group: programs that it runs would not notice.
    deathSignal: 'TERM',
    nicer: NICER,
    onLine: (text) => {
      const line = JSON.parse(text) as WorkerLine;
      if ('progress' in line) options.progress(line.progress);
      else if ('note' in line) options.note?.(line.note);
      else last = line;
    },
  });
  if (last !== undefined && 'result' in last) return last.result as JobResult<J>;
  if (last !== undefined && 'error' in last) {
    const { code, message, hint } = last.error;
    throw new NookError(code, message, hint === undefined ? {} : { hint });
  }
  throw new NookError('operation_failed', `The worker ended without an answer: ${run.stderr.trim().slice(-400)}`);
}

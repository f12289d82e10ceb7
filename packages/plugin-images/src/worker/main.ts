// A process of its own for what would keep the daemon's event loop busy. The job comes as JSON on stdin.
import { text } from 'node:stream/consumers';
import { isNookError } from '@nook/daemonapi';
import { lookAtDisk } from '../disk/look-at-disk.ts';
import { isNoSpace } from '../errors.ts';
import { writeVmlinux } from '../kernel/write-vmlinux.ts';
import { contentHash } from '../store/content-hash.ts';
import { build } from './build.ts';
import { download } from './download.ts';
import { exportImage } from './export.ts';
import { fetchFile } from './fetch-file.ts';
import { inspect } from './inspect.ts';
import type { Job, WorkerLine } from './jobs.ts';

function say(line: WorkerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function failure(error: unknown): WorkerLine {
  if (isNookError(error)) {
    return {
      error: { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) },
    };
  }
  if (isNoSpace(error))
    return { error: { code: 'unavailable', message: 'No space is left on the disk of the store.' } };
  return { error: { code: 'operation_failed', message: error instanceof Error ? error.message : String(error) } };
}

async function perform(job: Job): Promise<unknown> {
  if (job.job === 'build') return build(job, say);
  if (job.job === 'download') return download(job, say);
  if (job.job === 'inspect') return inspect(job, say);
  if (job.job === 'export') return exportImage(job, say);
  if (job.job === 'disk') return (await lookAtDisk(job.path)) ?? null;
  if (job.job === 'hash') return { sha256: await contentHash(job.directory, new AbortController().signal, job.follow) };
  if (job.job === 'fetch') return fetchFile(job, say);
  return writeVmlinux(job.image, job.output);
}

// Cancelled, or the daemon has died: nothing of this process group may go on, in whatever namespace it is.
process.on('SIGTERM', () => process.kill(0, 'SIGKILL'));
// What mmdebstrap makes must be readable in namespaces, whatever the daemon's mask.
process.umask(0o022);
try {
  const job = JSON.parse(await text(process.stdin)) as Job;
  say({ result: await perform(job) });
} catch (error) {
  say(failure(error));
}

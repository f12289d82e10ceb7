import { dirname } from 'node:path';
import { makeExt4, sealExt4 } from '../ext4/make-ext4.ts';
import { contentHash } from '../store/content-hash.ts';
import { fill } from './fill.ts';
import type { BuildJob, BuildResult, WorkerLine } from './jobs.ts';
import { LOCK_FD } from './lock-fd.ts';

/** All steps of a disk in one process: each that the daemon started itself would keep it from answering meanwhile. */
export async function build(job: BuildJob, say: (line: WorkerLine) => void): Promise<BuildResult> {
  const { signal } = new AbortController();
  const disk = { output: job.disk, signal, lockFd: LOCK_FD };
  await makeExt4({ ...disk, sizeBytes: job.size_bytes });
  const filled = await fill(job, say);
  say({ progress: { stage: 'file system' } });
  await sealExt4(disk);
  say({ progress: { stage: 'publish' } });
  return { ...filled, content_sha256: await contentHash(dirname(job.disk), signal) };
}

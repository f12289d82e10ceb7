import type { Progress } from '@nook/daemonapi';
import { fetchBlob } from '../registry/blob-store.ts';
import { parseReference } from '../registry/reference.ts';
import { RegistryClient } from '../registry/registry-client.ts';
import type { DownloadJob, WorkerLine } from './jobs.ts';

const AT_ONCE = 4;
const PROGRESS_MS = 100;

/** Brings layers into the store, several at a time. */
export async function download(job: DownloadJob, say: (line: WorkerLine) => void): Promise<Record<string, never>> {
  const stop = new AbortController();
  const { signal } = stop;
  const client = new RegistryClient(parseReference(job.reference), job.registries, {
    signal,
    credentials: job.credentials,
  });
  const blobs = [...new Map(job.blobs.map((blob) => [blob.digest, blob])).values()];
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  let said = Number.NEGATIVE_INFINITY;
  const onBytes = (bytes: number) => {
    done += bytes;
    if (performance.now() - said < PROGRESS_MS) return;
    said = performance.now();
    const progress: Progress = { stage: 'download', done, total, unit: 'bytes' };
    say({ progress });
  };
  const queue = blobs.values();
  const fetchSome = async () => {
    for (const blob of queue) await fetchBlob(blob, { client, places: job.places, into: job.into, signal, onBytes });
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return {};
}

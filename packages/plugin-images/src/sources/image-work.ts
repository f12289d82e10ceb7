import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageWork, Progress } from '@nook/daemonapi';
import type { BuildPlace } from '../store/build-area.ts';

interface Waited {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** What a source may use of a place: a folder of its own in it. */
export async function imageWork(place: BuildPlace, { signal, progress }: Waited): Promise<ImageWork> {
  const directory = join(place.directory, 'source');
  await mkdir(directory, { mode: 0o700 });
  return { directory, signal, lockFd: place.lockFd, progress, scratch: () => place.scratch() };
}

/** A source that does not heed its signal keeps nobody waiting: the place goes, and what it still does there fails. */
export async function heeding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

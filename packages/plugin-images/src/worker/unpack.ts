import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ByteSource } from '../unpack/byte-source.ts';
import { Staging } from '../unpack/staging.ts';
import { readTar } from '../unpack/tar-reader.ts';
import type { UnpackJob, UnpackResult, WorkerLine } from './jobs.ts';
import { openTarSource } from './tar-source.ts';

const PROGRESS_MS = 100;

/** Unpacks a root file system's tar into the staging directory, and writes what fakeroot must know about it. */
export async function unpack(job: UnpackJob, say: (line: WorkerLine) => void): Promise<UnpackResult> {
  await using input = await openTarSource(job.source, (note) => say({ note }));
  const source = new ByteSource(input.bytes);
  const staging = new Staging(job.staging, { maxBytes: job.max_bytes, maxEntries: job.max_entries });
  let said = Number.NEGATIVE_INFINITY;
  try {
    for await (const entry of readTar(source)) {
      await staging.add(entry);
      if (performance.now() - said < PROGRESS_MS) continue;
      said = performance.now();
      const { done, total } = input.position() ?? { done: staging.bytes, total: undefined };
      say({ progress: { stage: 'unpack', done, unit: 'bytes', ...(total === undefined ? {} : { total }) } });
    }
    await source.drain();
  } catch (error) {
    // When the program that writes the archive failed, that is the cause of whatever the archive lacks.
    await input.failure();
    throw error;
  }
  await input.finished();
  staging.finish();
  await pipeline(Readable.from(staging.fakerootState()), createWriteStream(job.state, { mode: 0o600 }));
  return {
    sha256: source.digest(),
    entries: staging.entries,
    bytes: staging.bytes,
    root: staging.rootDirectory,
    capabilities: staging.capabilities.map(({ path, value }) => ({ path, value: value.toString('hex') })),
  };
}

import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isNookError, NookError } from '@nook/daemonapi';
import { type Bundle, type BundledImage, folderBundle } from '../bundle/bundle.ts';
import { isDockerArchive, readDockerArchive } from '../bundle/docker-archive.ts';
import { isLayout, readLayout } from '../bundle/oci-layout.ts';
import { isOfImage, tarBundle } from '../bundle/tar-index.ts';
import { lookAtDisk } from '../disk/look-at-disk.ts';
import { ByteSource } from '../unpack/byte-source.ts';
import { readTar } from '../unpack/tar-reader.ts';
import type { Inspected, InspectJob, WorkerLine } from './jobs.ts';
import { openTarSource } from './tar-source.ts';

type Say = (line: WorkerLine) => void;

/** Tells what a file or folder is by what is in it. */
export async function inspect(job: InspectJob, say: Say): Promise<Inspected> {
  const folder = (await stat(job.path)).isDirectory();
  const disk = folder ? undefined : await lookAtDisk(job.path);
  const bundle = disk === undefined ? await bundleOf(job, folder, say) : undefined;
  const image = bundle === undefined ? undefined : await imageOf(bundle, job, folder);
  if (image !== undefined) return { kind: 'image', ...image };
  if (job.ref === undefined) return disk === undefined ? { kind: 'plain' } : { kind: 'disk', disk };
  throw new NookError('bad_params', `${basename(job.path)} is not an image with references, but a root file system.`, {
    hint: 'Leave out --ref.',
  });
}

async function bundleOf(job: InspectJob, folder: boolean, say: Say): Promise<Bundle | undefined> {
  const { path } = job;
  if (folder) return folderBundle(path);
  if (!(await beginsAsImage(path, say))) return undefined;
  return tarBundle(await unpacked(job, say));
}

/** An OCI layout goes first: what `docker save` writes today is both, and of a layout all digests can be checked. */
async function imageOf(bundle: Bundle, { path, ref }: InspectJob, folder: boolean): Promise<BundledImage | undefined> {
  const what = basename(path);
  if (await isLayout(bundle)) return readLayout(bundle, ref, what);
  // In a folder, a file of that name may be anything.
  if (!folder && (await isDockerArchive(bundle))) return readDockerArchive(bundle, ref, what);
  return undefined;
}

/** Looks at the first entry that tells anything; whatever is wrong with the archive is found when it is unpacked. */
async function beginsAsImage(path: string, say: Say): Promise<boolean> {
  try {
    await using input = await openTarSource({ file: path }, (note) => say({ note }));
    for await (const entry of readTar(new ByteSource(input.bytes))) {
      const answer = isOfImage(entry);
      if (answer !== undefined) return answer;
    }
  } catch (error) {
    if (!isNookError(error)) throw error;
  }
  return false;
}

/** The archive as a plain tar: itself, or a copy. */
async function unpacked({ path, directory, max_bytes }: InspectJob, say: Say): Promise<string> {
  await using input = await openTarSource({ file: path }, (note) => say({ note }));
  if (!input.packed) return path;
  const copy = join(directory, 'unpacked.tar');
  const source = new ByteSource(input.bytes, max_bytes);
  const output = createWriteStream(copy, { flags: 'wx', mode: 0o600 });
  await pipeline(Readable.from(withProgress(source.pieces(Number.POSITIVE_INFINITY), say)), output);
  await input.finished();
  return copy;
}

const PROGRESS_MS = 100;

async function* withProgress(pieces: AsyncIterable<Uint8Array>, say: Say): AsyncGenerator<Uint8Array> {
  let done = 0;
  let said = Number.NEGATIVE_INFINITY;
  for await (const piece of pieces) {
    done += piece.length;
    yield piece;
    if (performance.now() - said < PROGRESS_MS) continue;
    said = performance.now();
    say({ progress: { stage: 'decompress', done, unit: 'bytes' } });
  }
}

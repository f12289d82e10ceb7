import { createHash } from 'node:crypto';
import { BlockPool } from '../ext4/block-pool.ts';
import { BlockWriter } from '../ext4/block-writer.ts';
import { releaseContent, storeContent } from '../ext4/store-content.ts';
import { Volume } from '../ext4/volume.ts';
import { writeTree } from '../ext4/write-tree.ts';
import { applyEntry } from '../layers/apply-entry.ts';
import { checkArchiveEntry } from '../layers/archive-rules.ts';
import { LayerLimits } from '../layers/layer-limits.ts';
import { addMountPoints } from '../layers/mount-points.ts';
import { Tree } from '../layers/tree.ts';
import { archiveError } from '../unpack/archive-error.ts';
import { ByteSource } from '../unpack/byte-source.ts';
import { readTar } from '../unpack/tar-reader.ts';
import type { FillRequest, FillResult, LayerInput, WorkerLine } from './jobs.ts';
import { openTarSource } from './tar-source.ts';

const PROGRESS_MS = 100;

/** Fills an empty ext4 with what layers of tar add up to. */
export async function fill(job: FillRequest, say: (line: WorkerLine) => void): Promise<FillResult> {
  const volume = new Volume(job.disk);
  try {
    const pool = new BlockPool(volume);
    const writer = new BlockWriter(volume);
    const filling: Filling = {
      ...{ job, volume, pool, writer, say },
      tree: new Tree((content) => releaseContent(content, pool)),
      limits: new LayerLimits(job),
    };
    const digests: string[] = [];
    for (const [index, layer] of job.layers.entries()) digests.push(await addLayer(filling, layer, index));
    writer.flush();
    if (filling.limits.entries === 0) throw archiveError('The archive is empty.');
    addMountPoints(filling.tree);
    writeTree(filling.tree, volume, pool);
    const sha256 = digests.length === 1 ? (digests[0] ?? '') : sha256Of(digests.join('\n'));
    volume.finish(identity(sha256));
    return { sha256, entries: filling.limits.entries, bytes: filling.limits.bytes };
  } finally {
    volume.close();
  }
}

interface Filling {
  readonly job: FillRequest;
  readonly volume: Volume;
  readonly pool: BlockPool;
  readonly writer: BlockWriter;
  readonly tree: Tree;
  readonly limits: LayerLimits;
  readonly say: (line: WorkerLine) => void;
}

/** @returns the digest of the layer's tar, in hex */
async function addLayer(filling: Filling, layer: LayerInput, index: number): Promise<string> {
  const { job, tree, limits, pool, writer, say } = filling;
  await using input = await openTarSource(layer.source, (note) => say({ note }));
  const source = new ByteSource(input.bytes, limits.streamBytes);
  const message = job.layers.length === 1 ? {} : { message: `layer ${index + 1} of ${job.layers.length}` };
  let said = Number.NEGATIVE_INFINITY;
  try {
    for await (const entry of readTar(source, { unmarkedEnd: layer.diff_id !== undefined })) {
      limits.count(entry);
      if (!job.whiteouts) checkArchiveEntry(tree, entry);
      const store = () => storeContent(entry, pool, writer);
      await applyEntry(tree, entry, { layer: index, whiteouts: job.whiteouts, store });
      if (performance.now() - said < PROGRESS_MS) continue;
      said = performance.now();
      const { done, total } = input.position() ?? { done: limits.bytes, total: undefined };
      say({
        progress: { stage: 'unpack', done, unit: 'bytes', ...(total === undefined ? {} : { total }), ...message },
      });
    }
    await source.drain(layer.diff_id !== undefined);
  } catch (error) {
    // When the program that writes the archive failed, that is the cause of whatever the archive lacks.
    await input.failure();
    throw error;
  }
  await input.finished();
  const digest = source.digest();
  if (layer.diff_id !== undefined && layer.diff_id !== `sha256:${digest}`) {
    throw archiveError(
      `Layer ${index + 1} unpacks to sha256:${digest}; its image says ${layer.diff_id}.`,
      'The image is damaged where it comes from: have it pushed again.',
    );
  }
  return digest;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A version 8 UUID, so that equal content gives an equal disk. */
function identity(hex: string): Buffer {
  const uuid = Buffer.from(hex, 'hex').subarray(0, 16);
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
}

import type { Extent, FileContent } from '../layers/disk-content.ts';
import type { TarEntry } from '../unpack/tar-reader.ts';
import type { BlockPool, Run } from './block-pool.ts';
import type { BlockWriter } from './block-writer.ts';
import { BLOCK } from './volume.ts';

const ZERO = Buffer.alloc(BLOCK);

interface Piece {
  /** Byte of the file. */
  readonly at: number;
  readonly data: Uint8Array;
}

/** Writes the stored stretches of a file onto the disk; what lies between them takes no blocks. */
export async function storeContent(entry: TarEntry, pool: BlockPool, writer: BlockWriter): Promise<FileContent> {
  const extents: Extent[] = [];
  const ranges = blockRanges(entry);
  let range = 0;
  let run: Run = { first: 0, count: 0 };
  /** Block of the file at which the run begins; byte of the file up to which it is written. */
  let runAt = 0;
  let at = 0;
  const put = (data: Uint8Array) => {
    for (let done = 0; done < data.length; ) {
      if (at === (runAt + run.count) * BLOCK) {
        const [, end] = ranges[range] ?? [0, 0];
        runAt = at / BLOCK;
        run = pool.take(end - runAt);
        extents.push({ logical: runAt, physical: run.first, blocks: run.count });
      }
      const size = Math.min(data.length - done, (runAt + run.count) * BLOCK - at);
      writer.write(data.subarray(done, done + size), run.first * BLOCK + at - runAt * BLOCK);
      done += size;
      at += size;
    }
  };
  const zeroUpTo = (end: number) => {
    while (at < end) put(ZERO.subarray(0, Math.min(BLOCK, end - at)));
  };
  const enter = (next: number) => {
    range = next;
    at = (ranges[next]?.[0] ?? 0) * BLOCK;
    run = { first: 0, count: 0 };
    runAt = at / BLOCK;
  };
  try {
    if (ranges.length > 0) enter(0);
    for await (const { at: offset, data } of pieces(entry)) {
      while (offset >= (ranges[range]?.[1] ?? Number.POSITIVE_INFINITY) * BLOCK) {
        zeroUpTo((ranges[range]?.[1] ?? 0) * BLOCK);
        enter(range + 1);
      }
      zeroUpTo(offset);
      put(data);
    }
    if (ranges.length > 0) zeroUpTo((ranges[range]?.[1] ?? 0) * BLOCK);
  } catch (error) {
    releaseContent({ size: 0, extents }, pool);
    throw error;
  }
  return { size: entry.size, extents };
}

export function releaseContent(content: FileContent, pool: BlockPool): void {
  for (const { physical, blocks } of content.extents) pool.giveBack({ first: physical, count: blocks });
}

/** The blocks of the file that hold anything: first, and the one after the last. */
function blockRanges({ segments }: TarEntry): [number, number][] {
  const ranges: [number, number][] = [];
  for (const { offset, length } of segments) {
    const first = Math.floor(offset / BLOCK);
    const end = Math.ceil((offset + length) / BLOCK);
    const last = ranges.at(-1);
    if (last !== undefined && first <= last[1]) last[1] = end;
    else ranges.push([first, end]);
  }
  return ranges;
}

/** The content with its places; a piece never goes beyond its segment. */
async function* pieces({ segments, body }: TarEntry): AsyncGenerator<Piece> {
  let index = 0;
  let done = 0;
  for await (const chunk of body) {
    for (let used = 0; used < chunk.length; ) {
      const segment = segments[index];
      if (segment === undefined) return;
      const size = Math.min(chunk.length - used, segment.length - done);
      yield { at: segment.offset + done, data: chunk.subarray(used, used + size) };
      used += size;
      done += size;
      if (done === segment.length) {
        index += 1;
        done = 0;
      }
    }
  }
}

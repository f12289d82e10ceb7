import { execFile } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../processes/environment.ts';

const BLOCK = 2 ** 16;
const READ = 16 * BLOCK;
const ZEROS = Buffer.alloc(BLOCK);
const MANIFEST = 'manifest.json';

/**
 * SHA-256, in hex, of all that lies under a directory but its manifest: names, sizes, targets of links, and those blocks
 * of 64 KiB of each file that are not zero. So a copy hashes alike, whether it is sparse or not.
 * @param follow whether a link counts as the file that it leads to
 */
export async function contentHash(directory: string, signal: AbortSignal, follow = false): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await paths(directory)) {
    signal.throwIfAborted();
    const name = relative(directory, path);
    if (name === MANIFEST) continue;
    const stats = await (follow ? stat(path) : lstat(path));
    if (stats.isSymbolicLink()) hash.update(JSON.stringify(['link', name, await readlink(path)]));
    else if (stats.isDirectory()) hash.update(JSON.stringify(['directory', name]));
    else {
      hash.update(JSON.stringify(['file', name, stats.size]));
      await using file = await open(path, 'r');
      const ranges =
        stats.blocks * 512 < stats.size ? await dataRanges(path, signal) : [{ start: 0, length: stats.size }];
      await hashBlocks(hash, file, { ranges, signal });
    }
  }
  return hash.digest('hex');
}

interface Range {
  readonly start: number;
  readonly length: number;
}

async function paths(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true });
  return entries.sort().map((name) => join(directory, name));
}

async function hashBlocks(
  hash: Hash,
  file: FileHandle,
  { ranges, signal }: { readonly ranges: readonly Range[]; readonly signal: AbortSignal },
): Promise<void> {
  const buffer = Buffer.alloc(READ);
  let next = 0;
  for (const { start, length } of ranges) {
    const end = Math.ceil((start + length) / BLOCK) * BLOCK;
    for (let at = Math.max(next, Math.floor(start / BLOCK) * BLOCK); at < end; at += READ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, Math.min(READ, end - at), at);
      for (let from = 0; from < bytesRead; from += BLOCK) {
        const block = buffer.subarray(from, Math.min(from + BLOCK, bytesRead));
        if (!block.equals(ZEROS.subarray(0, block.length))) hash.update(`${at + from} `).update(block);
      }
    }
    next = Math.max(next, end);
  }
}

/** Where a sparse file has data. Node has no such call, qemu-img asks lseek(2). */
async function dataRanges(path: string, signal: AbortSignal): Promise<Range[]> {
  const program = findProgram('qemu-img') ?? 'qemu-img';
  const { stdout } = await promisify(execFile)(program, ['map', '--output=json', '-U', '-f', 'raw', path], {
    signal,
    maxBuffer: 2 ** 28,
  });
  const map = JSON.parse(stdout) as (Range & { readonly data: boolean })[];
  return map.filter(({ data }) => data);
}

import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Where the daemon finds an archive: the file itself, or for `-` a copy of stdin, which goes at the end of the scope. */
export async function archivePath(
  archive: string,
  stdin: NodeJS.ReadableStream = process.stdin,
): Promise<{ readonly path: string } & AsyncDisposable> {
  if (archive !== '-') return { path: resolve(archive), [Symbol.asyncDispose]: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'nook-stdin-'));
  const path = join(directory, 'stdin');
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await pipeline(stdin, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: remove };
}

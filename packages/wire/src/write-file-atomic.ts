import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from './random-bytes.ts';

interface WriteOptions {
  /** Permissions of the file; 0600 when absent. */
  readonly mode?: number;
  /** Also the next boot after a power cut sees one of the two, which takes some milliseconds; true when absent. */
  readonly durable?: boolean;
}

/** Replaces a file as a whole: a reader sees the old content or the new. */
export async function writeFileAtomic(path: string, data: string | Buffer, options: WriteOptions = {}): Promise<void> {
  const { mode = 0o600, durable = true } = options;
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path).slice(0, 80)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    await finish(file, async () => {
      await file.chmod(mode);
      await file.writeFile(data);
      if (durable) await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (!durable) return;
  const folder = await open(directory, 'r');
  await finish(folder, () => folder.sync());
}

async function finish(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}

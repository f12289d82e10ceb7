import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** Tells a file that nobody has written to; cheap for a large one. */
export interface FileIdentity {
  readonly inode: string;
  readonly size: string;
  readonly mtime_ns: string;
}

export async function identityOf(path: string): Promise<FileIdentity> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return { inode: String(ino), size: String(size), mtime_ns: String(mtimeNs) };
}

/** What of a file is not as it was; undefined when nothing is. */
export function changedIn(before: FileIdentity, now: FileIdentity): string | undefined {
  return (Object.keys(before) as (keyof FileIdentity)[]).find((key) => before[key] !== now[key]);
}

/** SHA-256 of a file that is read whole, in hexadecimal. */
export async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

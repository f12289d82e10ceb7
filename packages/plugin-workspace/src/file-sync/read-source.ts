import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import type { FileSync } from '../config.ts';

const MAX_FILE = 1024 ** 2;

/** A file as it is now, or why it stays here. */
export type SourceFile = { readonly bytes: Buffer } | { readonly why: string };

/**
 * Reads a file as the daemon's user. A link may lead to another place in that user's home, and nowhere else: what somebody
 * may write to is not to choose what of the host a guest gets.
 */
export async function readSource({ source }: Pick<FileSync, 'source'>, home: string): Promise<SourceFile> {
  const path = sourcePath(source, home);
  try {
    const [real, realHome] = [await realpath(path), await realpath(home).catch(() => home)];
    if (real !== path && !real.startsWith(realHome + sep)) return { why: `it is a link that leads out of ${home}` };
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const about = await file.stat();
    if (!about.isFile()) return { why: 'it is no file' };
    if (about.size > MAX_FILE) return { why: `it has more than ${MAX_FILE / 1024} KiB` };
    return { bytes: await file.readFile() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { why: code === 'ENOENT' ? 'it is not there' : message };
  }
}

function sourcePath(source: string, home: string): string {
  return normalize(source.startsWith('~/') ? join(home, source.slice(2)) : source);
}

/** Where a file goes that does not say. */
export function targetOf({ source, target }: Pick<FileSync, 'source' | 'target'>, home: string): string {
  if (target !== undefined) return target;
  const path = sourcePath(source, home);
  return path.startsWith(home + sep) ? join('/root', path.slice(home.length + 1)) : path;
}

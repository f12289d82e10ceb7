import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isNookError } from '@nook/daemonapi';
import { isNoSpace } from '../errors.ts';
import { lockFile } from '../processes/file-lock.ts';
import { syncPath } from '../store/atomic-file.ts';
import { registryErrors } from './errors.ts';
import type { Descriptor } from './manifest.ts';
import type { RegistryClient } from './registry-client.ts';
import { ATTEMPTS, backoff, pause } from './retry.ts';

export interface BlobPlaces {
  /** `HEX`: a layer as it was sent; `HEX.partial`: the beginning of one. */
  readonly blobs: string;
  readonly locks: string;
}

interface Fetching {
  readonly client: RegistryClient;
  readonly places: BlobPlaces;
  /** Where the blob is needed: it stays there, as `HEX`, also when the store's own is pruned. */
  readonly into: string;
  readonly signal: AbortSignal;
  /** Told of each piece, also of what was there. */
  readonly onBytes: (bytes: number) => void;
}

const WAIT_SECONDS = 30 * 60;

/** Brings a blob into the store's folder of blobs, going on where an earlier attempt ended. @returns where it is needed */
export async function fetchBlob(blob: Descriptor, fetching: Fetching): Promise<string> {
  const { places, into, signal, onBytes } = fetching;
  const hex = blob.digest.replace(/^sha256:/, '');
  const path = join(places.blobs, hex);
  await mkdir(places.blobs, { recursive: true, mode: 0o700 });
  await using _lock = await lockFile(join(places.locks, `blob-${hex}`), { signal, waitSeconds: WAIT_SECONDS });
  if ((await sizeOf(path)) === blob.size) {
    onBytes(blob.size);
    return share(path, join(into, hex));
  }
  const partial = `${path}.partial`;
  for (let attempt = 0; ; attempt += 1) {
    const before = await sizeOf(partial);
    try {
      await append(blob, partial, fetching);
      break;
    } catch (error) {
      if (signal.aborted || isNookError(error) || isNoSpace(error)) throw error;
      if ((await sizeOf(partial)) > before) attempt = 0;
      if (attempt >= ATTEMPTS) throw registryErrors.unreachable('of the image', (error as Error).message, error);
      await pause(backoff(attempt, null, Date.now()), signal);
    }
  }
  await syncPath(partial);
  await rename(partial, path);
  await syncPath(places.blobs);
  return share(path, join(into, hex));
}

async function share(path: string, to: string): Promise<string> {
  try {
    await link(path, to);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Not every file system has hard links.
    if (!['EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await copyFile(path, to, constants.COPYFILE_FICLONE);
  }
  return to;
}

async function append(blob: Descriptor, partial: string, { client, onBytes }: Fetching): Promise<void> {
  let from = await sizeOf(partial);
  if (from > blob.size) from = 0;
  const hash = createHash('sha256');
  const answer = from === blob.size ? undefined : await client.open(blob.digest, from);
  const { status = 206 } = answer?.response ?? {};
  if (status !== 206) from = 0;
  if (from > 0) for await (const piece of createReadStream(partial, { end: from - 1 })) hash.update(piece);
  onBytes(from);
  await using file = await open(partial, from === 0 ? 'w' : 'r+', 0o600);
  let at = from;
  try {
    if (status === 416) throw new Error('the registry cannot go on where it was interrupted');
    if (answer !== undefined) {
      for await (const piece of answer.fetcher.pieces(answer.response)) {
        if (at + piece.length > blob.size) throw registryErrors.wrong(answer.host, 'a layer longer than it says');
        await file.write(piece, 0, piece.length, at);
        hash.update(piece);
        at += piece.length;
        onBytes(piece.length);
      }
    }
  } catch (error) {
    onBytes(-at);
    if (isNookError(error)) await rm(partial, { force: true });
    throw error;
  }
  if (at < blob.size) {
    onBytes(-at);
    throw new Error(`the connection ended after ${at} of ${blob.size} bytes`);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest === blob.digest) return;
  await rm(partial, { force: true });
  throw registryErrors.wrong(answer?.host ?? '', `another content than ${blob.digest}: its digest is ${digest}`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

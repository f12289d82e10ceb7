import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { archiveError } from '../unpack/archive-error.ts';

interface Promised {
  readonly start: number;
  readonly length: number;
  readonly digest: string;
}

/** @throws NookError `bad_request` when a part of a file is not what its image says */
export async function checkDigest(path: string, { start, length, digest }: Promised): Promise<void> {
  const hash = createHash('sha256');
  if (length > 0) {
    const end = start + length - 1;
    for await (const piece of createReadStream(path, { start, end, highWaterMark: 2 ** 20 })) hash.update(piece);
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found === digest) return;
  throw archiveError(
    `A layer has the digest ${found}; its image says ${digest}.`,
    'The image is damaged, or was changed: have it written anew.',
  );
}

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageSource, isNookError, NookError } from '@nook/daemonapi';
import { type FetchRequest, fetchImage, type ImageParts } from './fetch-image.ts';
import type { ImageManifest } from './image-builder.ts';
import type { Stored } from './record-store.ts';

export interface Candidate {
  readonly reference: string;
  /** @throws NookError when no source here claims the reference */
  readonly source: () => ImageSource;
}

type Request = Omit<FetchRequest, 'source' | 'reference'>;

/** What says that a place cannot be reached, or has nothing for us. All else is a fault, and told as one. */
const UNREACHABLE: readonly string[] = ['unavailable', 'not_found', 'unauthorized', 'timeout'];

/**
 * Brings an image from the first of several places that has it. Those that are passed over are told in the progress and in
 * the log.
 * @throws NookError `unavailable` that says of each place why it did not serve
 */
export async function fetchFirst(
  candidates: readonly Candidate[],
  request: Request,
  parts: ImageParts,
): Promise<Stored<ImageManifest>> {
  const passed: { readonly reference: string; readonly error: NookError }[] = [];
  for (const [index, { reference, source }] of candidates.entries()) {
    try {
      return await fetchImage({ ...request, source: source(), reference }, parts);
    } catch (error) {
      if (request.signal.aborted || candidates.length === 1 || !isUnreachable(error)) throw error;
      passed.push({ reference, error });
      const next = candidates[index + 1];
      parts.log.warn(
        { image: request.naming.name, reference, reason: error.message },
        'a source of an image is skipped',
      );
      if (next === undefined) break;
      const message = `${reference} is skipped: ${error.message} Going on with ${next.reference}.`;
      request.progress({ stage: 'catalog', message });
      for (const part of ['source', 'content']) {
        await rm(join(request.place.directory, part), { recursive: true, force: true });
      }
    }
  }
  throw noneReached(request.naming.name, passed);
}

function isUnreachable(error: unknown): error is NookError {
  return isNookError(error) && UNREACHABLE.includes(error.code) && !/^No space is left/.test(error.message);
}

function noneReached(
  name: string,
  passed: readonly { readonly reference: string; readonly error: NookError }[],
): NookError {
  const reasons = passed.map(({ reference, error }) => `${reference}: ${error.message}`);
  const hints = passed.flatMap(({ error }) => error.hint ?? []);
  return new NookError('unavailable', `None of the sources of image '${name}' can be reached. ${reasons.join(' ')}`, {
    hint: [...new Set(hints)].join(' '),
    details: {
      sources: passed.map(({ reference, error }) => ({ reference, code: error.code, message: error.message })),
    },
  });
}

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type ImageContent,
  type ImageLayer,
  type ImageWork,
  isNookError,
  NookError,
  type Progress,
} from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import type { LayerInput, TarSource } from '../worker/jobs.ts';
import { heeding } from './image-work.ts';

export interface Tar {
  /** From the lowest to the uppermost. */
  readonly layers: readonly LayerInput[];
  /** Whether they are an image's layers, not one plain archive. */
  readonly whiteouts: boolean;
  /** Turns a line that the tar's program wrote to stderr into progress. */
  readonly onLine?: (line: string) => Progress | undefined;
}

/** What the worker unpacks, in whichever way a source brings it. */
export async function tarOf(
  content: Exclude<ImageContent, { readonly disk: string }>,
  work: ImageWork,
  maxBytes: number,
): Promise<Tar> {
  if ('layers' in content) {
    return { layers: content.layers.map(layerInput), whiteouts: true };
  }
  if ('tar' in content) return plain({ file: content.tar });
  if ('stream' in content) return plain({ file: await spooled(content.stream, work, maxBytes) });
  if ('folder' in content) return plain({ program: 'tar', args: folderArgs(content.folder, content.modified ?? 0) });
  const { program, args, env, onLine } = content;
  const source = { program, args, ...(env === undefined ? {} : { env }) };
  return onLine === undefined ? plain(source) : { ...plain(source), onLine };
}

function layerInput({ tar, start, length, digest, diffId }: ImageLayer): LayerInput {
  const part = start === undefined || length === undefined ? {} : { part: { start, length } };
  const source = { file: tar, ...part, ...(digest === undefined ? {} : { digest }) };
  return { source, ...(diffId === undefined ? {} : { diff_id: diffId }) };
}

function plain(source: TarSource): Tar {
  return { layers: [{ source }], whiteouts: false };
}

/** The same bytes for the same files, whoever made them and when. */
function folderArgs(folder: string, modified: number): readonly string[] {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${modified}`];
  return ['-C', folder, ...same, '-cf', '-', '.'];
}

async function spooled(stream: AsyncIterable<Uint8Array>, work: ImageWork, maxBytes: number): Promise<string> {
  const path = join(work.directory, 'spooled.tar');
  try {
    const { signal } = work;
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await heeding(signal, pipeline(bounded(stream, maxBytes), file, { signal }));
  } catch (error) {
    if (work.signal.aborted || isNookError(error) || 'code' in (error as Error)) throw error;
    throw new NookError('operation_failed', `The image could not be fetched: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return path;
}

async function* bounded(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new NookError('bad_request', `The archive is larger than ${formatByteSize(maxBytes)}.`, {
        hint: 'Raise [images] max_import_bytes or size in config.toml.',
      });
    }
    yield chunk;
  }
}

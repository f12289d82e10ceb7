import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeExt4, sealExt4 } from '../ext4/make-ext4.ts';
import { fill } from '../worker/fill.ts';
import type { FillResult } from '../worker/jobs.ts';

const signal = new AbortController().signal;

export interface FilledDisk extends FillResult {
  readonly disk: string;
}

/** A checked disk of the given layers. */
export async function fillDisk(
  directory: string,
  layers: readonly Buffer[],
  { sizeBytes = 64 * 2 ** 20, whiteouts = true }: { readonly sizeBytes?: number; readonly whiteouts?: boolean } = {},
): Promise<FilledDisk> {
  const disk = join(directory, 'disk.ext4');
  const paths = layers.map((_, index) => join(directory, `fill.${index}.tar`));
  for (const [index, layer] of layers.entries()) await writeFile(paths[index] ?? '', layer);
  await makeExt4({ output: disk, sizeBytes, signal, lockFd: 0 });
  const inputs = paths.map((file) => ({ source: { file } }));
  const job = { layers: inputs, whiteouts, disk, max_bytes: sizeBytes, max_entries: 100_000 };
  const result = await fill(job, () => {});
  await sealExt4({ output: disk, signal, lockFd: 0 });
  return { ...result, disk };
}

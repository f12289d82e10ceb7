import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageWork, NookError } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import { runBounded } from '../processes/run-bounded.ts';
import { runProgram } from '../processes/run-program.ts';
import { runJob } from '../worker/run-job.ts';
import type { DiskFile } from './look-at-disk.ts';

type Work = Pick<ImageWork, 'directory' | 'signal' | 'lockFd' | 'progress'>;

interface MakeOptions {
  readonly work: Work;
  /** Most that the disk may be large. */
  readonly maxBytes: number;
}

const BLOCK = 4096;

/** Makes a raw disk without partitions of what somebody has. @returns its path, below the folder of the work */
export async function makeDisk(path: string, disk: DiskFile, { work, maxBytes }: MakeOptions): Promise<string> {
  const output = join(work.directory, 'disk.ext4');
  if (disk.format === 'qcow2') {
    requireSize(disk.bytes, maxBytes);
    work.progress({ stage: 'convert' });
    const whole = join(work.directory, 'whole.raw');
    await convert({ driver: 'qcow2', backing: null, file: fileNode(path) }, whole, { work, maxBytes });
    const found = await runJob({ job: 'disk', path: whole }, work);
    if (found?.format !== 'raw')
      throw new NookError('bad_request', 'The disk has no file system on it, and no partitions.');
    if (!found.partitioned) return padded(whole);
    await convert(partNode(whole, found), output, { work, maxBytes });
    return padded(output);
  }
  requireSize(disk.part.length, maxBytes);
  work.progress({ stage: 'copy' });
  if (disk.partitioned) await convert(partNode(path, disk), output, { work, maxBytes });
  else await copySparse(path, output, work);
  return padded(output);
}

/** A copy that shares its blocks where the file system can do that, and has holes where there is nothing but zeros. */
export async function copySparse(from: string, to: string, { signal, lockFd }: Pick<Work, 'signal' | 'lockFd'>) {
  const args = ['--reflink=auto', '--sparse=always', '--no-preserve=all', '--', from, to];
  await runProgram('cp', args, { signal, lockFd, packageName: 'coreutils' });
}

interface Node {
  readonly [key: string]: string | number | null | Node;
}

function fileNode(filename: string): Node {
  return { driver: 'file', filename };
}

function partNode(path: string, { part }: Extract<DiskFile, { format: 'raw' }>): Node {
  return { driver: 'raw', offset: part.start, size: part.length, file: fileNode(path) };
}

async function convert(from: Node, to: string, { work, maxBytes }: MakeOptions): Promise<void> {
  const { signal, lockFd } = work;
  const args = ['convert', '-O', 'raw', '-S', '4k', `json:${JSON.stringify(from)}`, to];
  await runBounded('qemu-img', args, { signal, lockFd, packageName: 'qemu-utils', fileBytes: maxBytes });
}

function requireSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new NookError(
    'bad_request',
    `The disk has ${formatByteSize(bytes)}; the most is ${formatByteSize(maxBytes)}.`,
    {
      hint: 'Raise [images] max_import_bytes in config.toml.',
    },
  );
}

/** A disk of whole blocks. */
async function padded(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size % BLOCK !== 0) await truncate(path, Math.ceil(size / BLOCK) * BLOCK);
  return path;
}

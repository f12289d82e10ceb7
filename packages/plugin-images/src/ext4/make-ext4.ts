import { chmod } from 'node:fs/promises';
import { runProgram } from '../processes/run-program.ts';
import { syncPath } from '../store/atomic-file.ts';

interface DiskRequest {
  readonly output: string;
  readonly signal: AbortSignal;
  readonly lockFd: number;
}

/** Version of the way disks are made: part of every image's digest. */
export const EXT4_FORMAT = 2;

/** All that the worker relies on, whatever the host's mke2fs.conf says. */
const FEATURES = [
  'none',
  ...['has_journal', 'ext_attr', 'resize_inode', 'dir_index', 'filetype', 'extent', '64bit', 'flex_bg', 'sparse_super'],
  ...['large_file', 'huge_file', 'dir_nlink', 'extra_isize', 'metadata_csum', 'metadata_csum_seed'],
].join(',');
/** Until the content says what it is. */
const UUID = '6e6f6f6b-0000-4000-8000-000000000000';

/** Makes an empty, sparse ext4, to be filled by the worker. Its journal is zero as the file is, and needs no writing. */
export async function makeExt4(request: DiskRequest & { readonly sizeBytes: number }): Promise<void> {
  const { output, signal, lockFd, sizeBytes } = request;
  const extended = `lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0,hash_seed=${UUID}`;
  const size = ['-b', '4096', '-I', '256', '-i', '16384'];
  const args = ['-q', '-F', '-t', 'ext4', ...size, '-O', FEATURES, '-L', 'nook-root', '-U', UUID, '-E', extended];
  await runProgram('mke2fs', [...args, output, String(Math.floor(sizeBytes / 4096))], {
    ...{ signal, lockFd, packageName: 'e2fsprogs' },
  });
}

/** Checks a filled disk with the tool of those who know, and closes it for good. */
export async function sealExt4({ output, signal, lockFd }: DiskRequest): Promise<void> {
  await chmod(output, 0o400);
  await runProgram('e2fsck', ['-fn', output], { signal, lockFd, packageName: 'e2fsprogs' });
  await syncPath(output);
}

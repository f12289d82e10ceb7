import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../processes/run-program.ts';
import { syncPath } from '../store/atomic-file.ts';
import type { UnpackResult } from '../worker/jobs.ts';

export interface Ext4Request {
  readonly staging: string;
  /** fakeroot's state for the staging directory. */
  readonly state: string;
  /** A private directory for scraps. */
  readonly scraps: string;
  readonly output: string;
  readonly sizeBytes: number;
  /** Hex digest that the file system's own identity is taken from, so that equal content gives an equal disk. */
  readonly digest: string;
  readonly unpacked: UnpackResult;
  readonly signal: AbortSignal;
  readonly lockFd: number;
}

/** Version of the way disks are made: part of every image's digest. */
export const EXT4_FORMAT = 1;

/**
 * Makes a sparse raw ext4 of a staged tree, without root: fakeroot tells mke2fs the recorded owners, modes and devices.
 * Inode tables and the journal are left to be zeroed lazily, which keeps the file small and quick to make.
 */
export async function makeExt4(request: Ext4Request): Promise<void> {
  const { output, signal, lockFd } = request;
  const uuid = toUuid(request.digest);
  const extended = `lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0,hash_seed=${uuid}`;
  const mke2fs = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-L', 'nook-root', '-U', uuid, '-E', extended];
  const blocks = Math.floor(request.sizeBytes / 4096);
  await runProgram(
    'fakeroot',
    ['-i', request.state, '--', 'mke2fs', ...mke2fs, '-d', request.staging, output, String(blocks)],
    {
      signal,
      lockFd,
      packageName: 'fakeroot e2fsprogs',
    },
  );
  await finishInside(request);
  await chmod(output, 0o400);
  await runProgram('e2fsck', ['-fn', output], { signal, lockFd, packageName: 'e2fsprogs' });
  await syncPath(output);
}

/** What mke2fs does not take over: the root directory's own mode and owners, and capabilities, which only root may set on the host. */
async function finishInside(request: Ext4Request): Promise<void> {
  const { mode, uid, gid } = request.unpacked.root;
  const commands = [`sif <2> mode 0${(0o040000 | mode).toString(8)}`, `sif <2> uid ${uid}`, `sif <2> gid ${gid}`];
  // debugfs takes no way of writing these characters in a name.
  const usable = request.unpacked.capabilities.filter(({ path }) => !/["\n]/.test(path));
  for (const [index, { path, value }] of usable.entries()) {
    const file = join(request.scraps, `capability.${index}`);
    await writeFile(file, Buffer.from(value, 'hex'));
    commands.push(`ea_set -f "${file}" "/${path}" security.capability`);
  }
  const script = join(request.scraps, 'debugfs.commands');
  await writeFile(script, Buffer.from(`${commands.join('\n')}\n`, 'latin1'));
  await runProgram('debugfs', ['-w', '-f', script, request.output], {
    signal: request.signal,
    lockFd: request.lockFd,
    packageName: 'e2fsprogs',
  });
}

function toUuid(hex: string): string {
  const digits = `${hex.slice(0, 12)}4${hex.slice(13, 16)}8${hex.slice(17, 32)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

import { mkdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type CliContext, NookError } from '@nook/daemonapi';
import type { WorkspaceView } from '../../contract.ts';
import { compareFiles } from '../repository/compare-files.ts';
import { findRepository } from '../repository/find-repository.ts';
import { makeWorkFolder } from './work-folder.ts';

/** Where a guest without git keeps what was sent, for the comparison: beside the files, and as old as they are. */
export function keptPack(guestPath: string): string {
  return posix.join(posix.dirname(guestPath), `.${posix.basename(guestPath)}.nook-sent`);
}

/**
 * What was done to the files in a guest without git: they are fetched, and compared here.
 * @param how words of `git diff-tree`
 * @throws NookError `conflict` when the host's repository is gone
 */
export async function compareInVm(
  context: CliContext,
  { vm, guest_path, host_path, prepared }: WorkspaceView & { readonly prepared: string },
  { how, base }: { readonly how: readonly string[]; readonly base?: string | undefined },
): Promise<Buffer> {
  const repository = await findRepository(host_path).catch(() => undefined);
  if (!repository) {
    throw new NookError('conflict', `${host_path} is no repository any more: there is nothing to compare with.`, {
      hint: `Copy the files: nook vm cp ${vm}:${guest_path} .`,
    });
  }
  const dir = await makeWorkFolder();
  try {
    const [folder, pack, work] = [join(dir, 'files'), join(dir, 'sent'), join(dir, 'work')];
    await context.run(['vm', 'cp', `${vm}:${keptPack(guest_path)}`, pack]);
    await context.run(['vm', 'cp', `${vm}:${guest_path}`, folder]);
    await mkdir(work);
    return await compareFiles({ folder, pack, work, repository, prepared, base }, how);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

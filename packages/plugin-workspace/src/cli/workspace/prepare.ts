import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type CliContext, NookError, type OptionValues } from '@nook/daemonapi';
import type { Workspace, WorkspaceView } from '../../contract.ts';
import { guestChanges } from './changes.ts';
import { inGuest, shellInGuest } from './guest-command.ts';
import { IS_THERE_SCRIPT, PUT_ASIDE_SCRIPT, PUT_BACK_SCRIPT, REMOVE_SCRIPT } from './guest-scripts.ts';
import { remarks } from './remarks.ts';
import { type Source, withStaged } from './source.ts';

const GUEST_PATH = '/root/repo';

/**
 * Puts a folder of the host into a VM, as a whole or not at all.
 * @throws NookError `conflict` when something is at that place that would be lost
 */
export async function prepare(
  context: CliContext,
  vm: string,
  { source, options }: { readonly source: Source; readonly options: OptionValues },
): Promise<WorkspaceView> {
  const { workspace: before } = await context.call('workspace.show', { vm });
  const guestPath = guestPathOf(options['guest-path'], before);
  await refuseLoss(context, vm, { guestPath, before, discard: options.discard === true });
  if (source.kind === 'folder') {
    await put(context, vm, { from: source.path, to: guestPath });
    return context.call('workspace.record', { vm, host_path: source.path, guest_path: guestPath, kind: 'folder' });
  }
  const hasGit = (await inGuest(context, vm, ['git', '--version'])).code === 0;
  return withStaged(source, { options, listOnly: false }, async (staged) => {
    for (const remark of remarks(source.facts, staged)) context.out.note(`nook: ${remark}`);
    if (!hasGit) {
      context.out.note('nook: the image has no git: the files alone are sent');
      await rm(join(staged.folder, '.git'), { recursive: true });
    }
    await put(context, vm, { from: staged.folder, to: guestPath });
    const workspace: Workspace = {
      ...{ host_path: source.path, guest_path: guestPath, kind: hasGit ? 'repository' : 'files' },
      ...{ commit: source.facts.commit, prepared: staged.prepared },
    };
    return context.call('workspace.record', { vm, ...workspace });
  });
}

function guestPathOf(given: OptionValues[string], before: WorkspaceView | undefined): string {
  const path = typeof given === 'string' ? given : (before?.guest_path ?? GUEST_PATH);
  const normal = posix.normalize(path).replace(/(?<=.)\/$/, '');
  if (normal.startsWith('/') && normal !== '/' && !normal.includes('\0')) return normal;
  throw new NookError('bad_params', `--guest-path is a folder of the guest, not '${path}'.`, {
    hint: `Give an absolute path such as ${GUEST_PATH}.`,
  });
}

interface Place {
  readonly guestPath: string;
  readonly before: WorkspaceView | undefined;
  readonly discard: boolean;
}

/** What somebody has done in the guest is not to go unasked. */
async function refuseLoss(context: CliContext, vm: string, { guestPath, before, discard }: Place): Promise<void> {
  if (discard || (await inGuest(context, vm, ['sh', '-c', IS_THERE_SCRIPT, 'nook', guestPath])).code !== 0) return;
  const mine = before?.guest_path === guestPath ? before : undefined;
  if (mine?.kind !== 'repository') {
    throw new NookError('conflict', `${guestPath} is there already in VM '${vm}'.`, {
      hint: 'Replace it with --discard, or choose another place with --guest-path.',
    });
  }
  const { files, commits } = await guestChanges(context, mine);
  if (files.length === 0 && commits === 0) return;
  throw new NookError(
    'conflict',
    `${guestPath} in VM '${vm}' has ${files.length} changed files and ${commits} commits.`,
    {
      hint: `Get them: nook workspace export ${vm}; or let them go with --discard.`,
    },
  );
}

/** What is there stands aside until the copy is whole, and comes back when it fails. */
async function put(context: CliContext, vm: string, { from, to }: { from: string; to: string }): Promise<void> {
  const aside = `${to}.nook-${randomBytes(4).toString('hex')}`;
  await shellInGuest(context, vm, { script: PUT_ASIDE_SCRIPT, args: [to, aside], what: 'Making place' });
  try {
    await context.run(['vm', 'cp', from, `${vm}:${to}`]);
  } catch (error) {
    await inGuest(context, vm, ['sh', '-c', PUT_BACK_SCRIPT, 'nook', to, aside]).catch(() => {});
    throw error;
  }
  await shellInGuest(context, vm, { script: REMOVE_SCRIPT, args: [aside], what: 'Tidying up' });
}

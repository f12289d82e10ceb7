import { type CliContext, NookError } from '@nook/daemonapi';
import type { WorkspaceView } from '../../contract.ts';
import { shown } from '../repository/snapshot.ts';
import { shellInGuest } from './guest-command.ts';
import { CHANGES_SCRIPT, COMMITS_SCRIPT } from './guest-scripts.ts';

export interface GuestChanges {
  readonly files: readonly { readonly status: string; readonly path: string }[];
  readonly commits: number;
  readonly head: string;
  readonly branch?: string | undefined;
}

/** What was done in the guest since it was prepared. */
export async function guestChanges(context: CliContext, workspace: WorkspaceView): Promise<GuestChanges> {
  const { vm, guest_path, commit, prepared } = ofRepository(workspace);
  const what = 'Looking at the repository';
  const changes = await shellInGuest(context, vm, { script: CHANGES_SCRIPT, args: [guest_path, prepared], what });
  const where = await shellInGuest(context, vm, { script: COMMITS_SCRIPT, args: [guest_path, commit], what });
  const [commits = '0', head = '', branch = ''] = where.stdout.toString().split('\n');
  const words = changes.stdout.toString('latin1').split('\0').slice(0, -1);
  const files = words.flatMap((status, at) => (at % 2 === 0 ? [{ status, path: shown(words[at + 1] ?? '') }] : []));
  return { files, commits: Number(commits), head, ...(branch === '' ? {} : { branch }) };
}

/** @throws NookError `unavailable` where the guest has no repository */
export function ofRepository(
  workspace: WorkspaceView,
): WorkspaceView & { readonly commit: string; readonly prepared: string } {
  const { kind, commit, prepared, vm, guest_path } = workspace;
  if (kind === 'repository' && commit !== undefined && prepared !== undefined)
    return { ...workspace, commit, prepared };
  const why = kind === 'files' ? 'its image has no git' : 'the folder on the host is no repository';
  throw new NookError('unavailable', `${guest_path} in VM '${vm}' is no repository: ${why}.`, {
    hint: `Copy files: nook vm cp ${vm}:${guest_path}/FILE .`,
  });
}

/** @throws NookError `not_found` */
export async function workspaceOf(context: CliContext, vm: string): Promise<WorkspaceView> {
  const { workspace } = await context.call('workspace.show', { vm });
  if (workspace) return workspace;
  throw new NookError('not_found', `VM '${vm}' has no workspace.`, { hint: `Make one: nook workspace prepare ${vm}` });
}

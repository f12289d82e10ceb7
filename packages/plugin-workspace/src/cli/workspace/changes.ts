import { type CliContext, NookError } from '@nook/daemonapi';
import type { WorkspaceView } from '../../contract.ts';
import { AS_NAMES } from '../repository/compare-files.ts';
import { shown } from '../repository/tree-entries.ts';
import { compareInVm } from './files-in-vm.ts';
import { shellInGuest } from './guest-command.ts';
import { CHANGES_SCRIPT, COMMITS_SCRIPT } from './guest-scripts.ts';

export interface GuestChanges {
  readonly files: readonly { readonly status: string; readonly path: string }[];
  readonly commits: number;
  /** Absent where the guest has no git. */
  readonly head?: string | undefined;
  readonly branch?: string | undefined;
}

/** What was done in the guest since it was prepared. */
export async function guestChanges(context: CliContext, workspace: WorkspaceView): Promise<GuestChanges> {
  const ours = ofRepository(workspace);
  const { vm, guest_path, commit, prepared } = ours;
  if (ours.kind === 'files') return { files: filesOf(await compareInVm(context, ours, { how: AS_NAMES })), commits: 0 };
  const what = 'Looking at the repository';
  const changes = await shellInGuest(context, vm, { script: CHANGES_SCRIPT, args: [guest_path, prepared], what });
  const where = await shellInGuest(context, vm, { script: COMMITS_SCRIPT, args: [guest_path, commit], what });
  const [commits = '0', head = '', branch = ''] = where.stdout.toString().split('\n');
  return { files: filesOf(changes.stdout), commits: Number(commits), head, ...(branch === '' ? {} : { branch }) };
}

/** Of `--name-status -z`. */
function filesOf(output: Buffer): GuestChanges['files'] {
  const words = output.toString('latin1').split('\0').slice(0, -1);
  return words.flatMap((status, at) => (at % 2 === 0 ? [{ status, path: shown(words[at + 1] ?? '') }] : []));
}

/** @throws NookError `unavailable` for what came of no repository */
export function ofRepository(
  workspace: WorkspaceView,
): WorkspaceView & { readonly commit: string; readonly prepared: string } {
  const { kind, commit, prepared, vm, guest_path } = workspace;
  if (kind !== 'folder' && commit !== undefined && prepared !== undefined) return { ...workspace, commit, prepared };
  throw new NookError('unavailable', `${guest_path} in VM '${vm}' was no repository on the host.`, {
    hint: `Copy files: nook vm cp ${vm}:${guest_path}/FILE .`,
  });
}

/** @throws NookError `not_found` */
export async function workspaceOf(context: CliContext, vm: string): Promise<WorkspaceView> {
  const { workspace } = await context.call('workspace.show', { vm });
  if (workspace) return workspace;
  throw new NookError('not_found', `VM '${vm}' has no workspace.`, { hint: `Make one: nook workspace prepare ${vm}` });
}

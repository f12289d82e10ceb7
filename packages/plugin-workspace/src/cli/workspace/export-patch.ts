import { type CliContext, NookError } from '@nook/daemonapi';
import { AS_PATCH } from '../repository/compare-files.ts';
import { ofRepository, workspaceOf } from './changes.ts';
import { compareInVm } from './files-in-vm.ts';
import { inGuest } from './guest-command.ts';
import { EXPORT_SCRIPT } from './guest-scripts.ts';

const NO_BASE = 3;

/**
 * What was done in a VM's repository, as a binary-safe patch.
 * @param base absent: the files as they were sent
 * @throws NookError `not_found`, `unavailable` for what came of no repository, `operation_failed` with what git says
 */
export async function exportPatch(context: CliContext, vm: string, base?: string): Promise<Buffer> {
  const workspace = ofRepository(await workspaceOf(context, vm));
  if (workspace.kind === 'files') return compareInVm(context, workspace, { how: AS_PATCH, base });
  const { guest_path, prepared } = workspace;
  const { code, stdout, stderr } = await inGuest(context, vm, [
    ...['sh', '-c', EXPORT_SCRIPT, 'nook'],
    ...[guest_path, base ?? prepared],
  ]);
  const said = stderr.trim().replace(/\p{C}/gu, ' ');
  if (code === NO_BASE) throw new NookError('not_found', `VM '${vm}' has no commit '${base ?? prepared}'.`);
  if (code !== 0) throw new NookError('operation_failed', `The patch could not be made in VM '${vm}': ${said}.`);
  if (said !== '') context.out.note(`nook: not in the patch: commits of other branches: ${said}`);
  return stdout;
}

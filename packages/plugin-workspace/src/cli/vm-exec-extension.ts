import { type CliContext, type CliExtension, isNookError } from '@nook/daemonapi';
import type { WorkspaceView } from '../contract.ts';

/** A command starts in the VM's workspace, and hears when the host's side has moved on. */
export const vmExecExtension: CliExtension = {
  command: 'vm exec',
  options: {
    'auto-prepare': { help: 'send the workspace again when its commit here is another one now' },
  },
  examples: ['nook vm exec --auto-prepare dev -- make test'],
  async run(invocation, next) {
    const { positionals, options, context } = invocation;
    const elsewhere = options.workdir !== undefined && options['auto-prepare'] !== true;
    const noCommand = options.list === true || options.signal !== undefined || options.session !== undefined;
    if (elsewhere || noCommand) return next(invocation);
    const workspace = await workspaceIfAny(context, positionals.VM as string);
    if (workspace === undefined) return next(invocation);
    await keepUp(context, workspace, options['auto-prepare'] === true);
    // Another user may not be able to enter it.
    if (options.user !== undefined || options.workdir !== undefined) return next(invocation);
    return next({ ...invocation, options: { ...options, workdir: workspace.guest_path } });
  },
};

/** Whatever is wrong with the VM is for the command itself to say; a daemon may be without this plugin. */
async function workspaceIfAny(context: CliContext, vm: string): Promise<WorkspaceView | undefined> {
  try {
    return (await context.call('workspace.show', { vm })).workspace;
  } catch (error) {
    if (isNookError(error) && (error.code === 'unknown_method' || error.code === 'not_found')) return undefined;
    throw error;
  }
}

async function keepUp(context: CliContext, workspace: WorkspaceView, prepareAgain: boolean): Promise<void> {
  if (workspace.kind === 'folder') return;
  const { hostChanges } = await import('./workspace/host-changes.ts');
  const { state, note } = await hostChanges(workspace).catch(() => ({ state: 'same' as const, note: '' }));
  if (state !== 'moved') return;
  if (!prepareAgain) {
    context.out.note(`nook: ${workspace.host_path}: ${note}. Send it again: nook workspace prepare ${workspace.vm}`);
    return;
  }
  const { findSource } = await import('./workspace/source.ts');
  const { prepare } = await import('./workspace/prepare.ts');
  await prepare(context, workspace.vm, { source: await findSource(workspace.host_path, {}), options: {} });
}

import type { CliCommand } from '@nook/daemonapi';

export const workspaceStatus: CliCommand = {
  name: 'workspace status',
  summary: 'What has changed of a VM’s workspace, in the VM and here, and what tools it wants',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  examples: ['nook workspace status dev'],
  async run({ positionals, context }) {
    const { workspaceOf, guestChanges } = await import('./workspace/changes.ts');
    const { hostChanges } = await import('./workspace/host-changes.ts');
    const workspace = await workspaceOf(context, positionals.VM as string);
    const { toolingOf, toolLine } = await import('./workspace/tooling.ts');
    const host = await hostChanges(workspace);
    const tooling = await toolingOf(context, workspace.host_path);
    const guest = workspace.kind !== 'folder' ? await guestChanges(context, workspace) : undefined;
    if (context.json) {
      context.out.json({ ...workspace, host, tooling, ...(guest === undefined ? {} : { guest }) });
      return;
    }
    const { out } = context;
    out.line(`${workspace.host_path} is ${workspace.guest_path} in VM '${workspace.vm}'`);
    out.line(`here: ${host.note}`);
    if (tooling.length > 0) out.line('tools:');
    for (const tool of tooling) out.line(toolLine(tool));
    if (guest === undefined) return;
    out.line(`there: ${guest.commits} commits, ${guest.files.length} files differ from what was sent`);
    for (const { status, path } of guest.files) out.line(`  ${status} ${path}`);
  },
};

import type { CliContext, CliExtension } from '@nook/daemonapi';
import { isNookError } from '@nook/daemonapi';

/** Commands that write a VM's memory to disk, and what they write it into. */
const COMMANDS = { 'vm suspend': 'saved memory', 'vm snapshot create': 'snapshot', 'vm fork': 'copy' };

/** What a VM has in its memory alone is about to be on a disk, or in another VM: that is said, and left to the user. */
export const secretWarnings: readonly CliExtension[] = Object.entries(COMMANDS).map(([command, where]) => ({
  command,
  async run(invocation, next) {
    const { positionals, options, context } = invocation;
    const names = [positionals.VM ?? []].flat();
    if (options['disk-only'] !== true && names.length > 0) await warn(context, names, where);
    return next(invocation);
  },
}));

async function warn(context: CliContext, names: readonly string[], where: string): Promise<void> {
  const machines = await context.call('project.list', {}).catch((error: unknown) => {
    if (isNookError(error) && error.code === 'unknown_method') return [];
    throw error;
  });
  for (const { name, applied } of machines) {
    if (!names.includes(name) || applied.secrets.length === 0) continue;
    const secrets = applied.secrets.join(', ');
    context.out.note(`nook: VM '${name}' has secrets in its memory, and so has the ${where}: ${secrets}`);
  }
}

import { type CliContext, type CliInvocation, NookError, type OptionValues } from '@nook/daemonapi';
import type { WorkspaceView } from '../../contract.ts';
import { printed } from './kept.ts';
import { listSource } from './list-source.ts';
import { prepareStaged } from './prepare.ts';
import { findSource } from './source.ts';
import { Staging } from './staging.ts';

/** Options that say how the command is run; all others but the workspace's say what VM is made. */
const OF_COMMAND = ['tty', 'env', 'workdir', 'user', 'interactive', 'on-disconnect', 'detach'];
const SIGNALLED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

interface Vm {
  readonly name: string;
}

/**
 * Makes a VM, puts a folder of the host into it and runs the command there. What cannot be sent leaves no VM behind.
 * @param ofWorkspace names of the options that are the workspace's
 * @returns the command's exit code
 */
export async function runInWorkspace(invocation: CliInvocation, ofWorkspace: readonly string[]): Promise<number> {
  const { options, context } = invocation;
  const source = await findSource(pathOf(invocation), options);
  if (options['dry-run'] === true) {
    await listSource(context, source, options);
    return 0;
  }
  refuseSeveral(options);
  await using staging = Staging.begin(source, options);
  const ofVm = Object.keys(options).filter((name) => ![...ofWorkspace, ...OF_COMMAND, 'json'].includes(name));
  const create = ['vm', 'create', '--json', '--start', '--expect-session', ...wordsOf(options, ofVm)];
  const vm = JSON.parse(await printed(context, create)) as Vm;
  const prepared = await removedOtherwise(invocation, vm, () => prepareStaged(context, vm.name, { staging, options }));
  if (typeof prepared === 'number') return prepared;
  return runCommand(invocation, vm, prepared);
}

/** A word that names no place is more likely a command that lacks its `--`. */
function pathOf({ positionals }: CliInvocation): string {
  const path = (positionals.PATH as string | undefined) ?? '.';
  if (path.includes('/') || path === '.' || path === '..') return path;
  throw new NookError('bad_params', `'${path}' is no path: a folder is written with a slash.`, {
    hint: `The folder: nook vm run ./${path}; the command: nook vm run -- ${path}`,
  });
}

function refuseSeveral({ count }: OptionValues): void {
  if (count === undefined || count === '1') return;
  throw new NookError('bad_params', 'A workspace goes into one VM: there is no --count for it.', {
    hint: 'Make them first, and send it to each: nook workspace prepare VM',
  });
}

/** As they would be typed. */
function wordsOf(options: OptionValues, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = options[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return (typeof value === 'string' ? [value] : value).map((each) => `--${name}=${each}`);
  });
}

/** @returns the exit code of the signal that ended the work, if one did: then, too, the VM is removed */
async function removedOtherwise(
  { context }: CliInvocation,
  { name }: Vm,
  work: () => Promise<WorkspaceView>,
): Promise<WorkspaceView | number> {
  let code: number | undefined;
  let removal: Promise<void> | undefined;
  const remove = () => {
    removal ??= removed(context, name);
    return removal;
  };
  using _signals = context.onSignal((signal) => {
    code ??= SIGNALLED[signal];
    void remove();
  });
  try {
    return await work();
  } catch (error) {
    await remove();
    if (code !== undefined) return code;
    throw error;
  }
}

/** Returns when nothing is left of a VM, which may be going already. What remains, `vm list` shows. */
async function removed(context: CliContext, name: string): Promise<void> {
  await printed(context, ['vm', 'rm', '--force', name]).catch(() => {});
}

async function runCommand(
  { options, trailing, context }: CliInvocation,
  vm: Vm,
  workspace: WorkspaceView,
): Promise<number> {
  const detached = options.detach === true;
  const given = options.workdir === undefined && options.user === undefined ? { workdir: workspace.guest_path } : {};
  const words = ['vm', 'exec', ...wordsOf({ ...options, ...given }, OF_COMMAND)];
  const command = trailing.length === 0 ? [] : ['--', ...trailing];
  if (!detached) {
    const code = await context.run([...words, vm.name, ...command]);
    if (options.rm === true) await removed(context, vm.name);
    return code;
  }
  const started = trailing.length === 0 ? '{}' : await printed(context, [...words, '--json', vm.name, ...command]);
  const { session } = JSON.parse(started) as { session?: string };
  if (context.json) context.out.json({ ...vm, ...(session === undefined ? {} : { session }), workspace });
  else context.out.line(vm.name);
  return 0;
}

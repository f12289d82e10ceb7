import { posix } from 'node:path';
import { type CliContext, NookError, type OptionValues } from '@nook/daemonapi';
import type { Workspace, WorkspaceView } from '../../contract.ts';
import { guestChanges } from './changes.ts';
import { keptPack } from './files-in-vm.ts';
import { GuestPlace } from './guest-place.ts';
import { remarks } from './remarks.ts';
import type { Source } from './source.ts';
import { Staging } from './staging.ts';

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
  await using staging = Staging.begin(source, options);
  return await prepareStaged(context, vm, { staging, options });
}

/** As `prepare`, of what is being staged already. */
export async function prepareStaged(
  context: CliContext,
  vm: string,
  { staging, options }: { readonly staging: Staging; readonly options: OptionValues },
): Promise<WorkspaceView> {
  const { source } = staging;
  const { workspace: before } = await context.call('workspace.show', { vm });
  const guestPath = guestPathOf(options['guest-path'], before);
  await using place = await GuestPlace.look(context, vm, guestPath);
  if (place.taken && options.discard !== true) await refuseLoss(context, vm, { guestPath, before });
  const staged = await staging.staged;
  if (source.kind === 'repository' && staged) {
    for (const remark of remarks(source.facts, staged)) context.out.note(`nook: ${remark}`);
  }
  await place.clear();
  const kind = await copy(context, vm, { staging, place, guestPath });
  const facts = source.kind === 'repository' ? { commit: source.facts.commit, prepared: staged?.prepared } : {};
  const workspace: Workspace = { host_path: source.path, guest_path: guestPath, kind, ...facts };
  const [view] = await Promise.all([context.call('workspace.record', { vm, ...workspace }), place.settle()]);
  return view;
}

interface Copying {
  readonly staging: Staging;
  readonly place: GuestPlace;
  readonly guestPath: string;
}

/** In one copy, whatever it is: each costs a round trip before its first byte. */
async function copy(
  context: CliContext,
  vm: string,
  { staging, place, guestPath }: Copying,
): Promise<Workspace['kind']> {
  const { kind } = staging.source;
  if (kind === 'folder' || place.hasGit) {
    await context.run(['vm', 'cp', await staging.folder(), `${vm}:${guestPath}`]);
    return kind;
  }
  context.out.note('nook: the image has no git: the files alone are sent');
  const names = { files: posix.basename(guestPath), pack: posix.basename(keptPack(guestPath)) };
  await context.run(['vm', 'cp', `${await staging.filesAlone(names)}/.`, `${vm}:${posix.dirname(guestPath)}`]);
  return 'files';
}

function guestPathOf(given: OptionValues[string], before: WorkspaceView | undefined): string {
  const path = typeof given === 'string' ? given : (before?.guest_path ?? GUEST_PATH);
  const normal = posix.normalize(path).replace(/(?<=.)\/$/, '');
  if (normal.startsWith('/') && normal !== '/' && !normal.includes('\0')) return normal;
  throw new NookError('bad_params', `--guest-path is a folder of the guest, not '${path}'.`, {
    hint: `Give an absolute path such as ${GUEST_PATH}.`,
  });
}

interface Taken {
  readonly guestPath: string;
  readonly before: WorkspaceView | undefined;
}

/** What somebody has done in the guest is not to go unasked. */
async function refuseLoss(context: CliContext, vm: string, { guestPath, before }: Taken): Promise<void> {
  const mine = before?.guest_path === guestPath ? before : undefined;
  if (mine === undefined || mine.kind === 'folder') {
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

import { existsSync } from 'node:fs';
import type { WorkspaceView } from '../../contract.ts';
import { headOf } from '../repository/facts.ts';
import { findRepository } from '../repository/find-repository.ts';

const SHORT = 12;

export interface HostChanges {
  /** `moved`: HEAD is another commit than the one that was sent. */
  readonly state: 'same' | 'moved' | 'gone' | 'folder';
  readonly head?: string | undefined;
  readonly note: string;
}

/** What has become of the host's side since it was sent. */
export async function hostChanges({ host_path, kind, commit }: WorkspaceView): Promise<HostChanges> {
  if (!existsSync(host_path)) return { state: 'gone', note: `${host_path} is not there any more` };
  if (kind === 'folder') return { state: 'folder', note: 'a folder, no repository' };
  const repository = await findRepository(host_path);
  const head = repository && (await headOf(repository));
  if (head === undefined) return { state: 'gone', note: 'no repository any more' };
  if (head === commit) return { state: 'same', head, note: `HEAD is ${head.slice(0, SHORT)}, as it was` };
  return { state: 'moved', head, note: `HEAD is ${head.slice(0, SHORT)} now, and was ${commit?.slice(0, SHORT)}` };
}

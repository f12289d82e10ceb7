import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OptionValues } from '@nook/daemonapi';
import { type Staged, stage } from '../repository/stage.ts';
import type { Source } from './source.ts';
import { makeWorkFolder } from './work-folder.ts';

/** What is to travel, being made beside other work, in a folder of its own that is removed at the end. */
export class Staging implements AsyncDisposable {
  readonly source: Source;
  /** Undefined: a folder, which travels as it is. */
  readonly staged: Promise<Staged | undefined>;
  #made: string | undefined;

  private constructor(source: Source, options: OptionValues, listOnly: boolean) {
    this.source = source;
    this.staged = this.#make(source, options, listOnly);
    this.staged.catch(() => {});
  }

  static begin(source: Source, options: OptionValues, { listOnly = false } = {}): Staging {
    return new Staging(source, options, listOnly);
  }

  /** The folder that is to be copied. */
  async folder(): Promise<string> {
    return (await this.staged)?.folder ?? this.source.path;
  }

  /**
   * Takes the repository out of the folder, all but the one pack of it.
   * @returns a folder with the files' folder and that pack in it, under these names
   */
  async filesAlone(names: { readonly files: string; readonly pack: string }): Promise<string> {
    const folder = await this.folder();
    const dotGit = join(folder, '.git');
    const packs = join(dotGit, 'objects', 'pack');
    const pack = (await readdir(packs)).find((each) => each.endsWith('.pack')) as string;
    const both = join(this.#made as string, 'both');
    await mkdir(both);
    await rename(join(packs, pack), join(both, names.pack));
    await rm(dotGit, { recursive: true });
    await rename(folder, join(both, names.files));
    return both;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.staged.catch(() => {});
    if (this.#made !== undefined) await rm(this.#made, { recursive: true, force: true });
  }

  async #make(source: Source, options: OptionValues, listOnly: boolean): Promise<Staged | undefined> {
    if (source.kind === 'folder') return undefined;
    this.#made = await makeWorkFolder();
    const wishes = {
      branch: options.branch as string | undefined,
      includeUntracked: options['include-untracked'] === true,
      skipSubmodules: options['skip-submodules'] === true,
      listOnly,
    };
    const folder = join(this.#made, 'files');
    await mkdir(folder);
    return stage(source.repository, source.facts, { folder, wishes });
  }
}

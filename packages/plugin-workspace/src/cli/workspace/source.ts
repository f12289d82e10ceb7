import { NookError, type OptionValues } from '@nook/daemonapi';
import { type RepositoryFacts, repositoryFacts } from '../repository/facts.ts';
import { findRepository, type Repository, realFolder } from '../repository/find-repository.ts';

/** What of the host is to travel. */
export type Source =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'repository';
      readonly path: string;
      readonly repository: Repository;
      readonly facts: RepositoryFacts;
    };

const OF_REPOSITORIES = ['branch', 'from', 'include-untracked', 'skip-submodules'];

/** @throws NookError `bad_params` for options that only a repository has */
export async function findSource(path: string, options: OptionValues): Promise<Source> {
  const repository = await findRepository(path);
  if (repository) {
    const facts = await repositoryFacts(repository, options.from as string | undefined);
    return { kind: 'repository', path: repository.root, repository, facts };
  }
  const given = OF_REPOSITORIES.find((name) => options[name] !== undefined);
  if (given === undefined) return { kind: 'folder', path: realFolder(path) };
  throw new NookError('bad_params', `'${path}' lies in no repository of git: there is no --${given} for it.`, {
    hint: 'A folder travels as it is.',
  });
}

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNookError, NookError, type Progress } from '@nook/daemonapi';
import { errors } from '../errors.ts';
import { findProgram } from '../processes/environment.ts';
import { runProgram } from '../processes/run-program.ts';
import { type ArchivePlace, archiveKeyring, type Distribution } from './distribution.ts';
import { type AptEntry, archiveCandidates, hostEntries, hostFetchSettings } from './host-sources.ts';

interface ArchiveWork {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  readonly lockFd: number;
}

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly depends: string;
  /** SHA-256 in hex, as the signed index has it. */
  readonly sha256: string;
}

/** Lines for sources.list. */
export function sourceLines(
  entries: readonly AptEntry[],
  keyring: string | undefined,
  { components }: Pick<Distribution, 'components'>,
): string[] {
  const options = keyring === undefined ? '' : `[signed-by=${keyring}] `;
  return entries.map(({ uri, suite }) => `deb ${options}${uri} ${suite} ${components}`);
}

export interface ArchiveEntries {
  readonly distribution: Distribution;
  /** Best first; from config there is only one. */
  readonly candidates: readonly AptEntry[][];
  readonly keyring: string | undefined;
  /** Named in config: taken as it is, whatever its index calls itself. */
  readonly configured: boolean;
  /** Lines of apt.conf. */
  readonly settings: readonly string[];
}

interface Wanted {
  readonly distribution: Distribution;
  readonly suite: string;
  /** What config, or the reference, says of it. */
  readonly place: ArchivePlace;
}

/** Where a distribution's packages come from: the place that was named, else the host's apt. @throws NookError `unavailable` */
export async function findArchive(
  { distribution, suite, place }: Wanted,
  signal: AbortSignal,
): Promise<ArchiveEntries> {
  if (findProgram('apt-get') === undefined) throw errors.missingProgram('apt-get', 'apt');
  const settings = await hostFetchSettings(signal);
  const keyring = place.keyring ?? archiveKeyring(distribution);
  const common = { distribution, keyring, settings };
  if (place.mirror !== undefined) {
    return { ...common, candidates: [[{ uri: place.mirror.replace(/\/+$/, ''), suite }]], configured: true };
  }
  const candidates = archiveCandidates(await hostEntries(signal), suite, distribution);
  const { origin } = distribution;
  if (candidates.length === 0)
    throw errors.noSource(distribution, `the host's apt has no source of a release of ${origin}`);
  return { ...common, candidates, configured: false };
}

/** apt with an index and a cache of its own, so that it needs no root and leaves the host's alone. */
export class DebianArchive {
  readonly entries: readonly AptEntry[];
  /** Those of its release, for sources.list. */
  readonly lines: readonly string[];
  /** How the host fetches, as lines of apt.conf. */
  readonly settings: readonly string[];
  readonly #found: ArchiveEntries;
  readonly #work: ArchiveWork;
  readonly #directory: string;
  readonly #env: Record<string, string>;

  private constructor(entries: readonly AptEntry[], found: ArchiveEntries, work: ArchiveWork, directory: string) {
    this.entries = entries;
    this.lines = sourceLines(entries, found.keyring, found.distribution);
    this.settings = found.settings;
    this.#found = found;
    this.#work = work;
    this.#directory = directory;
    this.#env = { APT_CONFIG: join(directory, 'apt.conf') };
  }

  /**
   * Fetches the signed index of the first candidate that is the distribution's.
   * @param directory where apt may keep its index; made when missing
   * @throws NookError `unavailable`
   */
  static async open(found: ArchiveEntries, work: ArchiveWork, directory: string): Promise<DebianArchive> {
    let problem: unknown;
    for (const entries of found.candidates) {
      try {
        const archive = await DebianArchive.#prepare(entries, found, { work, directory });
        await archive.#update();
        if (found.configured || (await archive.#isWanted())) return archive;
      } catch (error) {
        if (work.signal.aborted) throw error;
        problem = error;
      }
    }
    const why = isNookError(problem)
      ? problem.message.replace(/\.$/, '')
      : `none of the sources found is one of ${found.distribution.origin}`;
    throw errors.noSource(found.distribution, why);
  }

  static async #prepare(
    entries: readonly AptEntry[],
    found: ArchiveEntries,
    options: { readonly work: ArchiveWork; readonly directory: string },
  ) {
    const lines = sourceLines(entries, found.keyring, found.distribution);
    const key = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
    const directory = join(options.directory, key);
    for (const part of ['state/lists/partial', 'cache/archives/partial']) {
      await mkdir(join(directory, part), { recursive: true, mode: 0o700 });
    }
    const at = (name: string) => JSON.stringify(join(directory, name));
    await writeFile(join(directory, 'sources.list'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const settings = [
      `Dir::Etc::Main "/dev/null";`,
      `Dir::Etc::Parts "/dev/null";`,
      `Dir::Etc::Preferences "/dev/null";`,
      `Dir::Etc::PreferencesParts "/dev/null";`,
      `Dir::Etc::SourceList ${at('sources.list')};`,
      `Dir::Etc::SourceParts "/dev/null";`,
      `Dir::State ${at('state')};`,
      `Dir::State::Status "/dev/null";`,
      `Dir::Cache ${at('cache')};`,
      `APT::Architecture "amd64";`,
      `APT::Architectures "amd64";`,
      `APT::Sandbox::User "root";`,
      `APT::Get::List-Cleanup "true";`,
      `Acquire::Languages "none";`,
      `Acquire::GzipIndexes "true";`,
      ...found.settings,
    ];
    await writeFile(join(directory, 'apt.conf'), `${settings.join('\n')}\n`, { mode: 0o600 });
    return new DebianArchive(entries, found, options.work, directory);
  }

  /** The same index, for other work. */
  with(work: ArchiveWork): DebianArchive {
    return new DebianArchive(this.entries, this.#found, work, this.#directory);
  }

  /** The newest version of a package. @throws NookError `unavailable` when the archive has none */
  async package(name: string): Promise<DebianPackage> {
    const { stdout } = await this.#run('apt-cache', ['show', '--no-all-versions', name], { accept: [0, 100] });
    const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(stdout)?.[1] ?? '';
    if (field('Package') !== name) throw errors.noSource(this.#found.distribution, `it has no package '${name}'`);
    return { name, version: field('Version'), depends: field('Depends'), sha256: field('SHA256') };
  }

  /**
   * Looks whether these can be installed together, with what they need: apt's own answer, before anything is fetched.
   * @throws NookError `bad_params` with apt's reasons
   */
  async requirePackages(names: readonly string[]): Promise<void> {
    const args = ['install', '--simulate', '-q=2', '--no-install-recommends', ...names];
    const { exitCode, stderr } = await this.#run('apt-get', args, { accept: [0, 100] });
    if (exitCode === 0) return;
    const reasons = stderr.split('\n').flatMap((line) => /^E: (.*?)\.?$/.exec(line)?.[1] ?? []);
    const suite = this.entries[0]?.suite ?? '';
    throw new NookError('bad_params', `The packages cannot be had of ${suite}: ${reasons.join('; ')}.`, {
      hint: `Check their names, and that ${suite} has them.`,
    });
  }

  /** Downloads a package, which apt checks against the signed index. @returns the file's absolute path */
  async download(wanted: DebianPackage, directory: string): Promise<string> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#run('apt-get', ['download', '-q', '-o', 'APT::Status-Fd=1', `${wanted.name}=${wanted.version}`], {
      cwd: directory,
      onLine: this.#reporter('download'),
    });
    const file = (await readdir(directory)).find((name) => name.startsWith(`${wanted.name}_`));
    if (file === undefined) throw new NookError('operation_failed', `apt did not download '${wanted.name}'.`);
    return join(directory, file);
  }

  /** What builds that come out the same each time follow from. */
  async index(): Promise<{
    /** When the archive's index was made, in seconds since the epoch. */
    readonly time: number;
    /** Changes with every package. */
    readonly sha256: string;
  }> {
    const lists = join(this.#directory, 'state/lists');
    const names = (await readdir(lists)).filter((file) => file.endsWith('InRelease')).sort();
    const texts = await Promise.all(names.map((file) => readFile(join(lists, file), 'utf8')));
    const times = texts.map((text) => Date.parse(/^Date: (.*)$/m.exec(text)?.[1] ?? ''));
    return {
      time: Math.floor(Math.max(...times.filter(Number.isFinite), 0) / 1000),
      sha256: createHash('sha256').update(texts.join('\0')).digest('hex'),
    };
  }

  async #update(): Promise<void> {
    // Without this, apt makes do with an older index, or with none, and calls that success.
    const strict = ['-o', 'APT::Update::Error-Mode=any'];
    await this.#run('apt-get', ['update', '-q', ...strict, '-o', 'APT::Status-Fd=1'], {
      onLine: this.#reporter('package index'),
    });
  }

  async #isWanted(): Promise<boolean> {
    const args = [
      'indextargets',
      '--format',
      '$(ORIGIN)',
      'Identifier: Packages',
      `Release: ${this.entries[0]?.suite}`,
    ];
    const { stdout } = await this.#run('apt-get', args, {});
    return stdout.split('\n').includes(this.#found.distribution.origin);
  }

  #reporter(stage: string): (line: string) => void {
    return (line) => {
      const percent = /^dlstatus:\d+:([\d.]+):/.exec(line)?.[1];
      if (percent !== undefined)
        this.#work.progress({ stage, done: Math.round(Number(percent)), total: 100, unit: '%' });
    };
  }

  #run(program: string, args: readonly string[], extra: Partial<Parameters<typeof runProgram>[2]>) {
    const { signal, lockFd } = this.#work;
    return runProgram(program, args, { signal, lockFd, env: this.#env, packageName: 'apt', ...extra });
  }
}

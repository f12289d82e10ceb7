import { runProgram } from '../processes/run-program.ts';
import { hasUserinfo, withoutUserinfo } from '../userinfo.ts';
import type { Distribution } from './distribution.ts';

/** One `deb` line for one suite, as the host's apt has it. */
export interface AptEntry {
  /** Base URL, without a slash at its end. */
  readonly uri: string;
  readonly suite: string;
}

/**
 * The `main` entries of the host's apt. Its own parser reads them, so every form of sources is understood. A user and
 * password in a URL are left out: they would be in arguments, and in the images that are made. Those of auth.conf are apt's.
 */
export async function hostEntries(signal: AbortSignal): Promise<AptEntry[]> {
  const { stdout } = await runProgram('apt-get', ['indextargets', '--no-release-info', 'Identifier: Packages'], {
    signal,
    packageName: 'apt',
  });
  const entries = new Map<string, AptEntry>();
  for (const stanza of stdout.split('\n\n')) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const uri = withoutUserinfo(field('Repo-URI') ?? '').replace(/\/+$/, '');
    const suite = field('Release');
    if (suite === undefined || field('Component') !== 'main' || !/^https?:/.test(uri)) continue;
    entries.set(`${uri} ${suite}`, { uri, suite });
  }
  return [...entries.values()];
}

/**
 * Entries that give a release of a distribution, judged by names alone: the suite itself with its updates and security
 * updates where the host has them, else the same archive that the host takes another release from.
 * Each inner list is a candidate, best first: third parties name their suites after the distribution's too.
 */
export function archiveCandidates(
  entries: readonly AptEntry[],
  suite: string,
  { suites }: Pick<Distribution, 'suites'>,
): AptEntry[][] {
  const bases = entries.filter((entry) => suites.test(entry.suite) || entry.suite === suite);
  const uris = new Set([...bases.filter((entry) => entry.suite === suite), ...bases].map((entry) => entry.uri));
  return [...uris].map((uri) => {
    const own = bases.filter((entry) => entry.uri === uri).map((entry) => entry.suite);
    const from = own.includes(suite) ? suite : (own[0] ?? suite);
    const extra = entries.flatMap((entry) => {
      const kind = /^-(updates|security)$/.exec(entry.suite.slice(from.length))?.[1];
      return entry.suite.startsWith(from) && kind !== undefined ? [{ uri: entry.uri, suite: `${suite}-${kind}` }] : [];
    });
    return [{ uri, suite }, ...extra];
  });
}

/** The host's own settings about fetching (proxies, validity checks), as lines of apt.conf. */
export async function hostFetchSettings(signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runProgram('apt-config', ['dump'], { signal, packageName: 'apt' });
  return stdout
    .split('\n')
    .filter((line) =>
      /^Acquire::(http|https|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6)\b/.test(line),
    )
    .filter((line) => !/^Acquire::\S+ "";$/.test(line));
}

/** Settings as they may stand in arguments, which everybody can read; proxies with a user and password are for the environment. */
export function inPublic(settings: readonly string[]): {
  readonly settings: string[];
  readonly env: Record<string, string>;
} {
  const secret = settings.filter(hasUserinfo).map((line) => /^Acquire::(https?)::Proxy "(.*)";$/.exec(line));
  return {
    settings: settings.filter((line) => !hasUserinfo(line)),
    env: Object.fromEntries(secret.flatMap((proxy) => (proxy === null ? [] : [[`${proxy[1]}_proxy`, proxy[2] ?? '']]))),
  };
}

import { userInfo } from 'node:os';
import {
  type ImageContent,
  type ImageSource,
  type ImageWork,
  NookError,
  type Progress,
  type ResolvedImage,
} from '@nook/daemonapi';
import { DEBIAN, type Distribution } from '../apt/distribution.ts';
import { inPublic } from '../apt/host-sources.ts';
import { type AptSettings, openArchive } from '../apt/open-archive.ts';
import { errors } from '../errors.ts';
import { findProgram } from '../processes/environment.ts';
import { runProgram } from '../processes/run-program.ts';
import { type DebianWish, parseDebian, USUAL_VARIANT } from './debian-reference.ts';
import { digestOf } from './digest-of.ts';

const PACKAGES = ['ca-certificates', 'curl', 'git', 'iproute2', 'less', 'openssh-server', 'procps'];

/** What one machine must not share with another, and what the host lent to the build. */
const CLEAN = 'rm -f "$1"/etc/ssh/ssh_host_*_key* "$1/etc/resolv.conf" "$1/etc/hostname"';
const HOSTS = 'printf "127.0.0.1 localhost\\n::1 localhost ip6-localhost ip6-loopback\\n" > "$1/etc/hosts"';
/** The guest has Debian's keys where its apt looks for them; the host's path means nothing there. */
const PLAIN_SOURCES = 'sed -i "s/ \\[signed-by=[^]]*\\]//" "$1/etc/apt/sources.list"';
/** The build need not survive a power cut, the guest's own installations should. */
const SAFE_AGAIN = 'rm -f "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"';

const HOOKS = [CLEAN, HOSTS, PLAIN_SOURCES, SAFE_AGAIN];

interface Debian extends ResolvedImage {
  readonly wish: DebianWish;
  readonly lines: readonly string[];
  /** Lines of apt.conf. */
  readonly settings: readonly string[];
  readonly modified: number;
}

/** A minimal system with the tools that people reach for first, of any release that the archive has: `debian:RELEASE`. */
export function debianSource(apt: AptSettings, distribution: Distribution = DEBIAN): ImageSource {
  const { scheme } = distribution;
  return {
    name: scheme,
    schemes: [scheme],
    async resolve(reference, work): Promise<Debian> {
      const wish = parseDebian(reference, distribution);
      const { suite, mirror } = wish;
      await requirePrograms(work.signal);
      const place = mirror === undefined ? {} : { mirror };
      await using held = await openArchive(apt, work, { distribution, suite, place });
      const { lines, settings } = held.archive;
      if (wish.packages !== undefined) await held.archive.requirePackages(wish.packages);
      const index = await held.archive.index();
      const facts = [suite, index.sha256, lines, wish.packages ?? PACKAGES, HOOKS];
      const digest = digestOf(scheme, ...facts, ...(wish.variant === USUAL_VARIANT ? [] : [wish.variant]));
      return { digest, source: inWords(scheme, wish), wish, lines, settings, modified: index.time };
    },
    fetch: (image: Debian, work) => bootstrap(image, work),
  };
}

/** All that was asked for, for the image to tell. */
function inWords(scheme: string, { suite, variant, packages, mirror }: DebianWish): string {
  const more = [
    ...(variant === USUAL_VARIANT ? [] : [`variant ${variant}`]),
    ...(packages === undefined ? [] : [`packages ${packages.join(' ')}`]),
    ...(mirror === undefined ? [] : [`from ${mirror}`]),
  ];
  return [`${scheme} ${suite}`, ...more].join(', ');
}

async function bootstrap({ wish, lines, settings, modified }: Debian, work: ImageWork): Promise<ImageContent> {
  work.signal.throwIfAborted();
  const shown = inPublic(settings);
  const args = [
    `--mode=${isRoot() ? 'root' : 'unshare'}`,
    `--variant=${wish.variant}`,
    '--architectures=amd64',
    '--format=tar',
    `--include=${(wish.packages ?? PACKAGES).join(',')}`,
    '--aptopt=Acquire::Languages "none"',
    ...shown.settings.map((line) => `--aptopt=${line.replace(/;$/, '')}`),
    '--dpkgopt=force-unsafe-io',
    ...HOOKS.map((hook) => `--customize-hook=${hook}`),
    wish.suite,
    '-',
    ...lines,
  ];
  const env = { ...shown.env, TMPDIR: await work.scratch(), SOURCE_DATE_EPOCH: String(modified) };
  return { program: 'mmdebstrap', args, env, onLine: stageOf };
}

/** What mmdebstrap says about where it is. */
function stageOf(line: string): Progress | undefined {
  const message = /^I: (.*?)(\.\.\.)?$/.exec(line)?.[1];
  return message !== undefined && /apt-get|download|extract|install|clean|tarball/.test(message)
    ? { stage: 'debian', message }
    : undefined;
}

const isRoot = () => process.getuid?.() === 0;

async function requirePrograms(signal: AbortSignal): Promise<void> {
  if (findProgram('mmdebstrap') === undefined) throw errors.missingProgram('mmdebstrap', 'mmdebstrap');
  if (!isRoot()) await requireNamespaces(signal);
}

async function requireNamespaces(signal: AbortSignal): Promise<void> {
  if (findProgram('newuidmap') === undefined) throw errors.missingProgram('newuidmap', 'uidmap');
  try {
    await runProgram('unshare', ['--map-auto', '--map-root-user', 'true'], { signal, packageName: 'util-linux' });
  } catch (error) {
    if (signal.aborted) throw error;
    const { username } = userInfo();
    throw new NookError('unavailable', `User '${username}' may not make a user namespace with subordinate ids.`, {
      hint: `Run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username} (and allow user namespaces where AppArmor or sysctl forbids them); the image 'busybox' needs neither.`,
      cause: error,
    });
  }
}

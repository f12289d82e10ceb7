import { userInfo } from 'node:os';
import { NookError, type Progress } from '@nook/daemonapi';
import { sourceLines } from '../apt/debian-archive.ts';
import { errors } from '../errors.ts';
import { findProgram } from '../processes/environment.ts';
import { runProgram } from '../processes/run-program.ts';
import { type Kitchen, NO_CONFIG, type Recipe } from './recipe.ts';

const PACKAGES = ['ca-certificates', 'curl', 'git', 'iproute2', 'less', 'openssh-server', 'procps'];

/** What one machine must not share with another, and what the host lent to the build. */
const CLEAN = 'rm -f "$1"/etc/ssh/ssh_host_*_key* "$1/etc/resolv.conf" "$1/etc/hostname"';
const HOSTS = 'printf "127.0.0.1 localhost\\n::1 localhost ip6-localhost ip6-loopback\\n" > "$1/etc/hosts"';
/** The guest has Debian's keys where its apt looks for them; the host's path means nothing there. */
const PLAIN_SOURCES = 'sed -i "s/ \\[signed-by=[^]]*\\]//" "$1/etc/apt/sources.list"';
/** The build need not survive a power cut, the guest's own installations should. */
const SAFE_AGAIN = 'rm -f "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"';

/** A minimal Debian with the tools that people reach for first. */
export async function debianRecipe(suite: string, kitchen: Kitchen): Promise<Recipe> {
  if (findProgram('mmdebstrap') === undefined) throw errors.missingProgram('mmdebstrap', 'mmdebstrap');
  const root = process.getuid?.() === 0;
  if (!root) await requireNamespaces(kitchen.signal);
  const archive = await kitchen.archive(suite);
  const args = [
    `--mode=${root ? 'root' : 'unshare'}`,
    '--variant=minbase',
    '--architectures=amd64',
    '--format=tar',
    `--include=${PACKAGES.join(',')}`,
    '--aptopt=Acquire::Languages "none"',
    ...archive.settings.map((line) => `--aptopt=${line.replace(/;$/, '')}`),
    '--dpkgopt=force-unsafe-io',
    ...[CLEAN, HOSTS, PLAIN_SOURCES, SAFE_AGAIN].map((hook) => `--customize-hook=${hook}`),
    suite,
    '-',
    ...sourceLines(archive.entries, archive.keyring),
  ];
  const env = { TMPDIR: await kitchen.place.scratch(), SOURCE_DATE_EPOCH: String(await archive.indexTime()) };
  return {
    source: `debian ${suite}`,
    tar: { program: 'mmdebstrap', args, env },
    config: NO_CONFIG,
    onNote: stageOf,
  };
}

/** What mmdebstrap says about where it is. */
function stageOf(line: string): Progress | undefined {
  const message = /^I: (.*?)(\.\.\.)?$/.exec(line)?.[1];
  return message !== undefined && /apt-get|download|extract|install|clean|tarball/.test(message)
    ? { stage: 'debian', message }
    : undefined;
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

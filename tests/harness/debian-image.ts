import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sourceLines } from '../../packages/plugin-images/src/apt/debian-archive.ts';
import { archiveKeyring, DEBIAN } from '../../packages/plugin-images/src/apt/distribution.ts';
import {
  archiveCandidates,
  hostEntries,
  hostFetchSettings,
} from '../../packages/plugin-images/src/apt/host-sources.ts';
import { lockFile } from '../../packages/plugin-images/src/processes/file-lock.ts';
import type { Home } from './home.ts';

const SUITE = 'bookworm';
const LONGEST_MS = 600_000;

/** A Debian with systemd as its init, and these packages more. Made once for each list and kept in the test store. */
export function systemdImage(home: Home, more: readonly string[] = []): Promise<string> {
  return imageWith(home, 'systemd', ['systemd', 'systemd-sysv', 'dbus', ...more]);
}

/** A Debian with these packages more, likewise. */
export function debianImage(home: Home, packages: readonly string[]): Promise<string> {
  return imageWith(home, 'debian', packages);
}

async function imageWith(home: Home, kind: string, packages: readonly string[]): Promise<string> {
  const recipe = [
    ...['--variant=minbase', '--architectures=amd64', `--include=${packages.join(',')}`],
    ...['--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io'],
    '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
  ];
  const digest = createHash('sha256')
    .update(JSON.stringify([SUITE, recipe]))
    .digest('hex')
    .slice(0, 12);
  const name = `test-${kind}-${digest}`;
  // Files of tests that run beside each other want the same ones.
  const lock = `${home.env.NOOK_STORE}-${name}.lock`;
  await using _lock = await lockFile(lock, {
    signal: AbortSignal.timeout(LONGEST_MS),
    waitSeconds: LONGEST_MS / 1_000,
  });
  const { code } = await home.nook(['image', 'show', name]);
  if (code !== 0) await build(home, name, recipe);
  return name;
}

async function build(home: Home, name: string, recipe: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const [entries = []] = archiveCandidates(await hostEntries(signal), SUITE, DEBIAN);
  const settings = (await hostFetchSettings(signal)).map((line) => `--aptopt=${line.replace(/;$/, '')}`);
  const dir = await mkdtemp(join(tmpdir(), 'nook-debian-'));
  try {
    const archive = join(dir, 'root.tar');
    const mode = process.getuid?.() === 0 ? 'root' : 'unshare';
    const sources = sourceLines(entries, archiveKeyring(DEBIAN), DEBIAN);
    await promisify(execFile)('mmdebstrap', [`--mode=${mode}`, ...recipe, ...settings, SUITE, archive, ...sources]);
    await home.ok('image', 'import', name, archive);
  } finally {
    await rm(dir, { recursive: true });
  }
}

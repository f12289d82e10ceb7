import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { type DoctorCheck, type DoctorFinding, isNookError } from '@nook/daemonapi';
import { findArchive } from './apt/debian-archive.ts';
import { DEBIAN } from './apt/distribution.ts';
import { formatByteSize } from './byte-size.ts';
import type { ImagesConfig } from './config.ts';
import { findProgram } from './processes/environment.ts';
import { subidsCheck } from './subids.ts';

/** Program → package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  flock: 'util-linux',
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  xz: 'xz-utils',
  'qemu-img': 'qemu-utils',
};
/** Room for one pull of the default image and the kernel, with their scraps. */
const ENOUGH_BYTES = 2 * 2 ** 30;

export function doctorChecks(config: ImagesConfig, storeRoot: string): DoctorCheck[] {
  return [
    { name: 'images.programs', run: async () => programFindings() },
    subidsCheck(),
    { name: 'images.source', run: (signal) => sourceFindings(config, signal) },
    { name: 'images.store', run: () => storeFindings(storeRoot) },
  ];
}

function programFindings(): DoctorFinding[] {
  const needed = process.getuid?.() === 0 ? PROGRAMS : { ...PROGRAMS, newuidmap: 'uidmap' };
  return Object.entries(needed).map(([program, packageName]) => {
    const path = findProgram(program);
    const item = `program ${program}`;
    if (path !== undefined) return { status: 'ok', item, evidence: path };
    return { status: 'error', item, evidence: 'not installed', repair: `sudo apt-get install ${packageName}` };
  });
}

async function sourceFindings(config: ImagesConfig, signal: AbortSignal): Promise<DoctorFinding[]> {
  const item = 'Debian archive';
  try {
    const found = await findArchive({ distribution: DEBIAN, suite: config.suite, place: config }, signal);
    const [first] = found.candidates;
    const suites = (first ?? []).map(({ suite }) => suite).join(', ');
    const from = found.configured ? '[images] mirror' : "the host's apt";
    return [
      { status: 'ok', item, evidence: `${first?.[0]?.uri} (${suites}), from ${from}` },
      keyringFinding(found.keyring),
    ];
  } catch (error) {
    if (!isNookError(error)) throw error;
    return [
      { status: 'error', item, evidence: error.message, ...(error.hint === undefined ? {} : { repair: error.hint }) },
    ];
  }
}

function keyringFinding(keyring: string | undefined): DoctorFinding {
  const item = 'archive keys';
  if (keyring !== undefined && existsSync(keyring)) return { status: 'ok', item, evidence: keyring };
  if (keyring === undefined) {
    const repair = 'sudo apt-get install debian-archive-keyring, or set [images] keyring';
    return { status: 'warning', item, evidence: "only the keys that the host's apt trusts", repair };
  }
  return { status: 'error', item, evidence: `${keyring} does not exist`, repair: 'Correct [images] keyring.' };
}

async function storeFindings(root: string): Promise<DoctorFinding[]> {
  const item = 'image store';
  try {
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(root);
    const free = bavail * bsize;
    const evidence = `${root}, ${formatByteSize(free)} free`;
    if (free >= ENOUGH_BYTES) return [{ status: 'ok', item, evidence }];
    const repair = `Free some space: a pull takes up to ${formatByteSize(ENOUGH_BYTES)}.`;
    return [{ status: 'warning', item, evidence, repair }];
  } catch (error) {
    const repair = 'Make the directory writable, or use another with NOOK_STORE or [images] store.';
    return [{ status: 'error', item, evidence: (error as Error).message, repair }];
  }
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { promisify } from 'node:util';
import { type DoctorCheck, type DoctorFinding, NookError } from '@nook/daemonapi';
import { TUN_DEVICE } from '@nook/netstate';
import type { PrivilegedNeed } from '../contract.ts';

const run = promisify(execFile);

/** Also where an ordinary user's PATH does not lead. */
const PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Program → Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nft: 'nftables',
  slirp4netns: 'slirp4netns',
  nsenter: 'util-linux',
  unshare: 'util-linux',
};
const TRIAL_MS = 10_000;

/** @throws NookError `unavailable` with what to install or to change */
export async function requireHost(): Promise<void> {
  const missing = [...findings(), await namespaceFinding()].filter(({ status }) => status !== 'ok');
  const [first] = missing;
  if (!first) return;
  const packages = [...new Set(Object.keys(PROGRAMS).filter((name) => findProgram(name) === undefined))].map(
    (name) => PROGRAMS[name],
  );
  const hint = packages.length > 0 ? `sudo apt-get install ${packages.join(' ')}` : (first.repair ?? 'nook doctor');
  const what = missing.map(({ item, evidence }) => `${item}: ${evidence}`).join('; ');
  throw new NookError('unavailable', `This host cannot have networks of several VMs: ${what}.`, { hint });
}

/** What networks of mode `bridge` need. @throws NookError `unavailable` */
export async function requireHelper(privileged: PrivilegedNeed): Promise<void> {
  await privileged.status().catch((cause: Error) => {
    throw new NookError('unavailable', `Networks of mode 'bridge' need the root helper: ${cause.message}`, {
      hint: 'Install it: sudo nook system install. All else works without it.',
      cause,
    });
  });
  const tun = tunFinding();
  if (tun.status !== 'ok')
    throw new NookError('unavailable', `${tun.item}: ${tun.evidence}.`, { hint: tun.repair ?? 'nook doctor' });
}

export const hostCheck: DoctorCheck = {
  name: 'network.host',
  run: async () => [...findings(), await namespaceFinding()].map(asWarning),
};

/** Nothing else needs them. */
function asWarning(finding: DoctorFinding): DoctorFinding {
  return finding.status === 'error' ? { ...finding, status: 'warning' } : finding;
}

function findings(): DoctorFinding[] {
  const programs = Object.entries(PROGRAMS).map(([program, debian]): DoctorFinding => {
    const path = findProgram(program);
    const item = `program ${program}`;
    if (path !== undefined) return { status: 'ok', item, evidence: path };
    return { status: 'error', item, evidence: 'not installed', repair: `sudo apt-get install ${debian}` };
  });
  return [...programs, tunFinding()];
}

function tunFinding(): DoctorFinding {
  const item = TUN_DEVICE;
  try {
    accessSync(TUN_DEVICE, constants.R_OK | constants.W_OK);
    return { status: 'ok', item, evidence: 'can be opened' };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return { status: 'error', item, evidence: code, repair: `sudo modprobe tun && sudo chmod 0666 ${TUN_DEVICE}` };
  }
}

async function namespaceFinding(): Promise<DoctorFinding> {
  const item = isRoot() ? 'network namespaces' : 'user namespaces';
  try {
    await run(programPath('unshare'), [...newNamespace(), 'true'], { timeout: TRIAL_MS });
    return { status: 'ok', item, evidence: 'can be made' };
  } catch (error) {
    const evidence = String((error as { stderr?: string }).stderr ?? (error as Error).message).trim();
    const repair = isRoot()
      ? 'run the daemon outside of the container'
      : 'sudo sysctl -w user.max_user_namespaces=15000';
    return { status: 'error', item, evidence, repair };
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Arguments of unshare(1): root needs no user namespace, and without one machines keep their own users. */
export function newNamespace(): string[] {
  return [...(isRoot() ? [] : ['--user', '--map-root-user']), '--net'];
}

/** Absolute, or the name where it was not found. */
export function programPath(name: string): string {
  return findProgram(name) ?? name;
}

function findProgram(name: string): string | undefined {
  return PLACES.map((place) => `${place}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { readCgroupFile } from './cgroup-files.ts';
import { openDelegation, wanted } from './delegated-cgroup.ts';
import type { LimitsConfig } from './limits-config.ts';
import { type CgroupPlace, cgroupOf } from './own-cgroup.ts';
import { SystemdManager } from './systemd-scope.ts';

/** How VMs of this daemon are held to limits. */
export type Way =
  | { readonly kind: 'systemd'; readonly manager: SystemdManager; readonly evidence: string }
  /** Cgroups of VMs are directly below this one. */
  | { readonly kind: 'cgroup'; readonly base: string; readonly evidence: string }
  | { readonly kind: 'none'; readonly reason: string };

const NO_CGROUPS = 'this host has no cgroup v2 with the controllers memory, cpu and pids';

/**
 * The first way that is there. Systemd goes before a cgroup that is delegated to the daemon: what is below that ends
 * with the daemon's own unit, and a scope does not.
 */
export async function findWay(by: LimitsConfig['by']): Promise<Way> {
  if (by === 'none') return { kind: 'none', reason: 'they are turned off by [vm.limits] in config.toml' };
  const reasons: string[] = [];
  const place = cgroupOf('self');
  if (by !== 'cgroup') {
    try {
      return await systemdWay(place, by);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  if (by !== 'systemd') {
    try {
      return cgroupWay(place, by);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return { kind: 'none', reason: [...new Set(reasons)].join('; ') };
}

async function systemdWay(place: CgroupPlace | undefined, by: LimitsConfig['by']): Promise<Way> {
  if (!place || !hasControllers(place.mount)) throw new Error(NO_CGROUPS);
  const { uid, username } = userInfo();
  const runtime = uid === 0 ? '/run' : (process.env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`);
  const socket = join(runtime, 'systemd/private');
  const whose = uid === 0 ? 'systemd' : 'the systemd of this user';
  if (!existsSync(socket)) throw new Error(`${whose} does not run`);
  const staying = existsSync(join('/var/lib/systemd/linger', username)) || place.dir.includes(`/user@${uid}.service`);
  if (uid !== 0 && !staying && by === 'auto') {
    throw new Error(`${whose} ends with the user's last session, and VMs in its scopes would too`);
  }
  const manager = new SystemdManager(socket);
  const version = await manager.version().catch((error: Error) => {
    throw new Error(`${whose} does not answer: ${error.message}`);
  });
  return { kind: 'systemd', manager, evidence: `${whose}, version ${version}` };
}

function cgroupWay(place: CgroupPlace | undefined, by: LimitsConfig['by']): Way {
  if (!place || (by === 'auto' && wanted(place.dir).length === 0)) throw new Error(NO_CGROUPS);
  const base = openDelegation(place);
  return { kind: 'cgroup', base, evidence: `the cgroup ${base}, with ${wanted(base).join(', ') || 'no controllers'}` };
}

function hasControllers(mount: string): boolean {
  return readCgroupFile(mount, 'cgroup.controllers')?.split(' ').includes('memory') === true;
}

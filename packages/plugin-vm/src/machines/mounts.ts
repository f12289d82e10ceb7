import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, posix } from 'node:path';
import { NookError, type VmDriver } from '@nook/daemonapi';
import { missingModules, SHARE_MODULES } from '@nook/guest';
import type { VmMount, VmRequest } from '../contract.ts';
import { requireCapability } from './drivers.ts';
import type { MachineRecord } from './records.ts';

const MOST = 16;
/** What the agent takes. */
const TARGET_BYTES = 255;
const SYSTEM = /^\/($|(proc|sys|dev|run)(\/|$))/;

export function mountsOf({ shape }: MachineRecord): readonly VmMount[] {
  return shape.mounts ?? [];
}

/** By which device and guest know the mount at this place of the list. */
export function shareTag(index: number): string {
  return `share${index}`;
}

/** @throws NookError `bad_params` or `not_found` */
export function checkMounts(requested: NonNullable<VmRequest['mounts']>): VmMount[] {
  if (requested.length > MOST) throw new NookError('bad_params', `A VM mounts at most ${MOST} folders of the host.`);
  const targets = new Set<string>();
  return requested.map(({ source, target, read_only }) => {
    checkTarget(target);
    if (targets.has(target)) throw new NookError('bad_params', `Two folders cannot both be mounted on ${target}.`);
    targets.add(target);
    return { source: checkSource(source), target, read_only: read_only ?? false };
  });
}

function checkTarget(target: string): void {
  const clean = posix.isAbsolute(target) && posix.normalize(target) === target && !target.endsWith('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (clean && Buffer.byteLength(target) <= TARGET_BYTES && !/[\x00-\x1f\x7f]/.test(target) && !SYSTEM.test(target))
    return;
  throw new NookError('bad_params', `Nothing can be mounted on '${target}' in the guest.`, {
    hint: 'Give an absolute path without . and .. that is not below /proc, /sys, /dev or /run, e.g. /work',
  });
}

function checkSource(source: string): string {
  if (!isAbsolute(source)) throw new NookError('bad_params', `'${source}' is not an absolute path of the host.`);
  try {
    const path = realpathSync(source);
    if (statSync(path).isDirectory()) return path;
  } catch (cause) {
    throw new NookError('not_found', `The folder ${source} cannot be mounted: ${(cause as Error).message}.`, { cause });
  }
  throw new NookError('bad_params', `${source} is not a folder.`, {
    hint: 'Mount the folder that it lies in, or copy the file with: nook vm cp',
  });
}

/** @throws NookError `unavailable` where the driver or the kernel has no 9p */
export async function requireMounts(
  driver: VmDriver,
  kernel: { readonly release: string; readonly modules: string },
): Promise<void> {
  requireCapability(driver, 'mount_9p', 'mount folders of the host in a VM');
  const missing = await missingModules(kernel.modules, SHARE_MODULES);
  if (missing.length === 0) return;
  throw new NookError(
    'unavailable',
    `The kernel ${kernel.release} cannot mount folders of the host: it has no 9p (${missing.join(', ')}).`,
    {
      hint: 'Copy files with \'nook vm cp\', or have another kernel for this VM, one with 9p: --kernel debian (for all: kernel = "debian" under [vm] in config.toml).',
    },
  );
}

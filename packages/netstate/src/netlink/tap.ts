import { closeSync, openSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import { lastError, libc } from './libc.ts';

/** <linux/if_tun.h>, <linux/if.h> */
const TUNSETIFF = 0x4004_54ca;
const TUNSETPERSIST = 0x4004_54cb;
const TUNSETOWNER = 0x4004_54cc;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_TUN_EXCL = 0x8000;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

export const TUN_DEVICE = '/dev/net/tun';

/**
 * Attaches to a tap of this process's network namespace.
 * @returns its descriptor, which nobody else can have of it until it is closed
 * @throws NookError `operation_failed`, `unavailable` when the device cannot be opened
 */
export function openTap(name: string): number {
  return attach(name, IFF_VNET_HDR);
}

interface NewTap {
  readonly name: string;
  /** Who may attach to it. */
  readonly owner_uid: number;
  readonly vnet_hdr: boolean;
}

/** Makes one that stays. @throws NookError `operation_failed`, also when there is a link of that name */
export function addTap({ name, owner_uid, vnet_hdr }: NewTap): void {
  const fd = attach(name, IFF_TUN_EXCL | (vnet_hdr ? IFF_VNET_HDR : 0));
  try {
    const { ioctlNumber } = libc();
    if (ioctlNumber(fd, TUNSETOWNER, owner_uid) !== 0 || ioctlNumber(fd, TUNSETPERSIST, 1) !== 0) throw refused(name);
  } finally {
    closeSync(fd);
  }
}

function attach(name: string, flags: number): number {
  const fd = openTun();
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0, NAME_BYTES - 1, 'latin1');
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | flags, NAME_BYTES);
  if (libc().ioctl(fd, TUNSETIFF, request) === 0) return fd;
  const error = refused(name);
  closeSync(fd);
  throw error;
}

function openTun(): number {
  try {
    return openSync(TUN_DEVICE, 'r+');
  } catch (cause) {
    throw new NookError('unavailable', `Taps cannot be made: ${(cause as Error).message}.`, {
      hint: 'Load the module tun, and restart what may open its device: systemctl restart nook-roothelper nookd',
      cause,
    });
  }
}

function refused(name: string): NookError {
  return new NookError('operation_failed', `The kernel does not give the tap ${name}: ${lastError()}.`);
}

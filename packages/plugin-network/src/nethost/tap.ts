import { closeSync, openSync } from 'node:fs';
import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';

/** <linux/if_tun.h>, <linux/if.h> */
const TUNSETIFF = 0x4004_54ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

export const TUN_DEVICE = '/dev/net/tun';

/** The tap of a VM; `nk` marks what is ours. */
export function tapName(vm: string): string {
  return `nk${vm}`;
}

/**
 * Attaches to a tap of this process's network namespace.
 * @returns its descriptor, which nobody else can have of it until it is closed
 * @throws NookError `operation_failed`
 */
export function openTap(name: string): number {
  const fd = openSync(TUN_DEVICE, 'r+');
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0, NAME_BYTES - 1, 'latin1');
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, NAME_BYTES);
  const ioctl = koffi.load(null).func('int ioctl(int, unsigned long, _Inout_ uint8_t *)');
  if (ioctl(fd, TUNSETIFF, request) === 0) return fd;
  closeSync(fd);
  throw new NookError('operation_failed', `The tap ${name} cannot be attached to: errno ${koffi.errno()}.`);
}

import { lastError, libc } from './libc.ts';

/** <sys/socket.h> */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x8_0000;

/** @returns the descriptor of a socket of this protocol of netlink(7), or why there is none @throws NookError `unavailable` */
export function netlinkSocket(protocol: number): number | { readonly error: string } {
  const fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  return fd < 0 ? { error: lastError() } : fd;
}

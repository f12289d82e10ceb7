import type { Socket } from 'node:net';
import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;

/** Who opened a connection, as the kernel noted it then; undefined when it cannot be read. */
export function peerOf(socket: Socket): Peer | undefined {
  const fd = (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  return fd === undefined ? undefined : peerCredentials(fd);
}

export function peerCredentials(fd: number): Peer | undefined {
  const ucred = Buffer.alloc(UCRED_BYTES);
  const length: [number] = [UCRED_BYTES];
  if (getsockopt()(fd, SOL_SOCKET, SO_PEERCRED, ucred, length) !== 0 || length[0] !== UCRED_BYTES) return undefined;
  const peer = { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
  // What is not the socket of a local process has these.
  return peer.pid === 0 || peer.uid === 0xffffffff ? undefined : peer;
}

type Getsockopt = (fd: number, level: number, option: number, value: Buffer, length: [number]) => number;

let loaded: Getsockopt | undefined;

/** Node has no word for it. @throws NookError `unavailable` */
function getsockopt(): Getsockopt {
  try {
    loaded ??= koffi
      .load(null)
      .func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)') as Getsockopt;
    return loaded;
  } catch (cause) {
    throw new NookError('unavailable', `The C library cannot be called: ${(cause as Error).message}`, {
      hint: 'nook needs Linux on x86-64 with glibc.',
      cause,
    });
  }
}

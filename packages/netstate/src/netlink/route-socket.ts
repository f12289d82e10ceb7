import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { NookError } from '@nook/daemonapi';
import { lastError, libc } from './libc.ts';
import { netlinkSocket } from './netlink-socket.ts';

/** <sys/socket.h>: families of addresses, as messages name them. */
export const AF_INET = 2;
export const AF_INET6 = 10;
/** <linux/netlink.h> */
const NETLINK_ROUTE = 0;
const MSG_DONTWAIT = 0x40;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const HEADER_BYTES = 16;
/** The kernel fills no more in one go. */
const REPLY_BYTES = 32_768;

export interface RouteRequest {
  readonly type: number;
  readonly flags?: number;
  /** What follows the header. */
  readonly body: Buffer;
}

/**
 * Talks to the kernel of links and addresses of this process's network namespace: rtnetlink(7). The kernel works while it is
 * asked, so that an answer is there when a request was sent.
 */
export class RouteSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;

  /** @throws NookError `operation_failed`, `unavailable` */
  constructor() {
    const fd = netlinkSocket(NETLINK_ROUTE);
    if (typeof fd !== 'number') throw failed('a socket of netlink', fd.error);
    this.#fd = fd;
  }

  /** @param what for who reads the error @throws NookError `operation_failed` with the kernel's word */
  change(what: string, { type, flags = 0, body }: RouteRequest): void {
    this.#send(what, { type, flags: flags | NLM_F_ACK, body });
    for (const message of this.#replies(what)) {
      if (message.type !== NLMSG_ERROR) continue;
      requireDone(what, message.body);
      return;
    }
  }

  /** All that there is of a kind. @returns the bodies of the answers @throws NookError `operation_failed` */
  list(what: string, { type, body }: RouteRequest): Buffer[] {
    this.#send(what, { type, flags: NLM_F_DUMP, body });
    const found: Buffer[] = [];
    for (const message of this.#replies(what)) {
      if (message.type === NLMSG_DONE) break;
      if (message.type === NLMSG_ERROR) requireDone(what, message.body);
      else found.push(message.body);
    }
    return found;
  }

  #send(what: string, { type, flags = 0, body }: RouteRequest): void {
    const message = Buffer.alloc(HEADER_BYTES + body.length);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    message.writeUInt16LE(flags | NLM_F_REQUEST, 6);
    message.writeUInt32LE(++this.#sequence, 8);
    body.copy(message, HEADER_BYTES);
    if (libc().send(this.#fd, message, message.length, 0) < 0) throw failed(what, lastError());
  }

  /** Those to the last request, for as long as they are asked for. */
  *#replies(what: string): Generator<{ readonly type: number; readonly body: Buffer }> {
    for (;;) {
      const bytes = Buffer.alloc(REPLY_BYTES);
      const length = libc().recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT);
      if (length < 0) throw failed(what, lastError());
      for (let at = 0; at + HEADER_BYTES <= length; ) {
        const size = bytes.readUInt32LE(at);
        if (size < HEADER_BYTES) throw failed(what, 'an answer of no length');
        const mine = bytes.readUInt32LE(at + 8) === this.#sequence;
        if (mine) yield { type: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + HEADER_BYTES, at + size) };
        at += (size + 3) & ~3;
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** An answer that is an error has its number first, 0 for success. */
function requireDone(what: string, body: Buffer): void {
  const error = body.readInt32LE(0);
  if (error !== 0) throw failed(what, getSystemErrorName(error));
}

function failed(what: string, why: string): NookError {
  return new NookError('operation_failed', `The kernel refuses this: ${what}: ${why}.`);
}

import { getSystemErrorName } from 'node:util';
import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';

interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, into: Buffer, length: number, flags: number): number;
  if_nametoindex(name: string): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  ioctlNumber(fd: number, request: number, argument: number): number;
}

let loaded: Calls | undefined;

/** What Node has no words for; each is done when it returns. @throws NookError `unavailable` */
export function libc(): Calls {
  try {
    loaded ??= load();
    return loaded;
  } catch (cause) {
    throw new NookError('unavailable', `The C library cannot be called: ${(cause as Error).message}`, {
      hint: 'nook needs Linux on x86-64 with glibc.',
      cause,
    });
  }
}

/** What the call that just returned -1 failed of, as `EEXIST`. */
export function lastError(): string {
  return getSystemErrorName(-koffi.errno());
}

function load(): Calls {
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int, int, int)'),
    send: library.func('int64_t send(int, const uint8_t *, size_t, int)'),
    recv: library.func('int64_t recv(int, _Out_ uint8_t *, size_t, int)'),
    if_nametoindex: library.func('unsigned int if_nametoindex(const char *)'),
    ioctl: library.func('int ioctl(int, unsigned long, _Inout_ uint8_t *)'),
    ioctlNumber: library.func('ioctl', 'int', ['int', 'unsigned long', 'unsigned long']),
  };
}

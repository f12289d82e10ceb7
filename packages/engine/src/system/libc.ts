import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';

export interface Libc {
  fcntl(fd: number, command: number, argument: number): number;
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, data: Buffer, length: number, flags: number, address: Buffer, addressLength: number): number;
  close(fd: number): number;
}

let loaded: Libc | undefined;

/** The few calls of the C library that Node has no words for. @throws NookError `unavailable` */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  try {
    const library = koffi.load(null);
    return {
      fcntl: library.func('int fcntl(int, int, int)'),
      socket: library.func('int socket(int, int, int)'),
      sendto: library.func('int64_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
      close: library.func('int close(int)'),
    };
  } catch (error) {
    throw new NookError('unavailable', `The C library cannot be called: ${(error as Error).message}`, {
      hint: 'nook needs Linux on x86-64 with glibc.',
      cause: error,
    });
  }
}

import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NookError } from '@nook/daemonapi';

/** The kernel takes 107 bytes. */
const MAX_PATH_BYTES = 107;
/** Connections that may wait to be accepted; the kernel has a limit of its own (net.core.somaxconn). */
const BACKLOG = 4096;
/** Between two attempts at a listener whose queue is full. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;
/** Not among node's constants: opens a socket file as a mere reference to it (open(2)). */
const O_PATH = 0o10000000;

export interface UnixServer {
  /** As given to {@link listenUnix}. */
  readonly path: string;
  /** Stops accepting and removes the socket file. Connections that exist live on. */
  close(): Promise<void>;
  /** How many connections are open. */
  connections(): number;
}

/**
 * Listens on a unix socket of mode 0600, whatever the length of its path.
 * A file that a dead process left behind is replaced, but only after a connect to it was refused; callers that may race
 * with each other hold a lock of their own around this.
 * Sockets are half-open: a client that shuts down its writing side can still be answered.
 * @throws NookError `conflict` when a living process listens there, `unavailable` when the path cannot be used
 */
export async function listenUnix(path: string, onConnection: (socket: net.Socket) => void): Promise<UnixServer> {
  const { server, connections } = createServer(onConnection);
  const release = await bind(server, path);
  return {
    path,
    connections,
    async close() {
      // The file goes at once, by the address that was bound; the directory must stay open until then.
      if (server.listening) server.close();
      release();
    },
  };
}

/**
 * As {@link listenUnix}, on a socket that a service manager made and listens on. Its file stays when this one closes.
 * @param path for {@link UnixServer.path}
 * @throws NookError `unavailable` when the descriptor is no listening socket
 */
export async function listenInherited(
  fd: number,
  path: string,
  onConnection: (socket: net.Socket) => void,
): Promise<UnixServer> {
  const { server, connections } = createServer(onConnection);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) =>
    reject(new NookError('unavailable', `Descriptor ${fd} is no listening socket: ${error.message}`, { cause: error })),
  );
  server.listen({ fd, backlog: BACKLOG }, resolve);
  await promise;
  return {
    path,
    connections,
    async close() {
      if (server.listening) server.close();
    },
  };
}

function createServer(onConnection: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  return { server, connections: () => sockets.size };
}

/**
 * Waits while more callers than the listener has room for are being accepted.
 * @param options.timeoutMs how long to wait for the connection, 5000 when absent
 * @throws NookError `unavailable` when nobody listens; `details.errno` says what the system said, e.g. `ECONNREFUSED`;
 *   `timeout` when the listener takes no connection
 */
export async function connectUnix(path: string, options: { readonly timeoutMs?: number } = {}): Promise<net.Socket> {
  const timeoutMs = options.timeoutMs ?? 5000;
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await connectOnce(path, deadline);
    } catch (error) {
      const late = performance.now() >= deadline;
      if (late) throw new NookError('timeout', `No connection to '${path}' in ${timeoutMs} ms.`, { cause: error });
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw notListening(path, error);
    }
    // The kernel announces room in a listener's queue to nobody: connect() on a unix socket that does not block fails
    // with EAGAIN, without the EINPROGRESS and the writability that follow it elsewhere. Asking again is all there is.
    const left = deadline - performance.now();
    await delay(Math.min(Math.max(left, 0), pauseMs * (0.5 + Math.random())));
  }
}

function connectOnce(path: string, deadline: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const address = connectAddress(path);
    const socket = net.connect({ path: address.path });
    const fail = (error: unknown) => {
      clearTimeout(timer);
      address.release();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new Error('The listener does not answer.')),
      Math.max(1, deadline - performance.now()),
    );
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      address.release();
      resolve(socket);
    });
  });
}

async function bind(server: net.Server, path: string): Promise<() => void> {
  for (let attempt = 1; ; attempt++) {
    const address = listenAddress(path);
    try {
      await listen(server, address.path);
      return once(address.release);
    } catch (error) {
      address.release();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt > 1) {
        throw new NookError('unavailable', `The socket '${path}' cannot be made: ${(error as Error).message}`, {
          cause: error,
        });
      }
      await removeStale(path);
    }
  }
}

function listen(server: net.Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made in this very call, and with this mask nobody else can open it before its mode is set.
    const mask = process.umask(0o177);
    try {
      server.listen({ path, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

async function removeStale(path: string): Promise<void> {
  // A connect to a file of any other kind is refused as well.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
    throw new NookError('unavailable', `'${path}' is in the way: it is not a socket.`, { hint: `Remove '${path}'.` });
  }
  try {
    (await connectUnix(path)).destroy();
  } catch (error) {
    const errno = (error as NookError).details?.errno;
    if (errno === 'ENOENT') return;
    if (errno !== 'ECONNREFUSED') throw error;
    unlinkSync(path);
    return;
  }
  throw new NookError('conflict', `Another process listens on '${path}'.`);
}

function listenAddress(path: string): { readonly path: string; release(): void } {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, release() {} };
  let fd: number;
  try {
    fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new NookError('unavailable', `The socket '${path}' cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const short = `/proc/self/fd/${fd}/${basename(path)}`;
  if (Buffer.byteLength(short) > MAX_PATH_BYTES) {
    closeSync(fd);
    throw new NookError('unavailable', `The name of the socket '${path}' is too long.`, {
      hint: 'Directories may be of any length, the last part of the path has at most 80 bytes.',
    });
  }
  return { path: short, release: () => closeSync(fd) };
}

function connectAddress(path: string): { readonly path: string; release(): void } {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, release() {} };
  const fd = openSync(path, O_PATH);
  return { path: `/proc/self/fd/${fd}`, release: () => closeSync(fd) };
}

function notListening(path: string, error: unknown): NookError {
  const errno = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return new NookError('unavailable', `Nobody listens on '${path}' (${errno}).`, { details: { errno }, cause: error });
}

function once(release: () => void): () => void {
  let released = false;
  return () => {
    if (released) return;
    released = true;
    release();
  };
}

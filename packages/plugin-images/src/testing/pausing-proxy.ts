import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

interface PausingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Resolves when an answer has become so long that it stands still. */
  readonly paused: Promise<void>;
  /** Lets all go on. */
  resume(): void;
}

/** Passes connections on to a server of this machine, and stops what comes from it after so many bytes of one. */
export async function pausingProxy(server: string, afterBytes: number): Promise<PausingProxy> {
  const paused = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(Number(server.split(':')[1]), '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket);
    let passed = 0;
    const slowly = async function* (source: AsyncIterable<Buffer>) {
      for await (const piece of source) {
        passed += piece.length;
        yield piece;
        if (passed < afterBytes) continue;
        paused.resolve();
        await resumed.promise;
      }
    };
    // Either side may end it at any time.
    for (const way of [pipeline(client, upstream), pipeline(upstream, slowly, client)]) way.catch(() => {});
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    host: `127.0.0.1:${(listener.address() as { port: number }).port}`,
    paused: paused.promise,
    resume: () => resumed.resolve(),
    async [Symbol.asyncDispose]() {
      resumed.resolve();
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, 'close');
    },
  };
}

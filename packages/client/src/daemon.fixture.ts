import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { byteStream, listenUnix, resolveDirs, serveRpc, socketPath } from '@nook/wire';

/** A daemon as far as a client can tell: it says when it is ready, or fails as its first argument says. */
const behaviour = process.argv[2];
const keyFile = join(resolveDirs().state, 'key');
const say = (line: object) => writeSync(Number(process.env.NOOK_READY_FD), `${JSON.stringify(line)}\n`);

if (behaviour === 'refuse') {
  say({ error: { code: 'conflict', message: 'The store is newer.', hint: 'Upgrade.' } });
  process.exit(1);
}
if (behaviour === 'die') {
  console.error('something is very wrong');
  process.exit(3);
}
if (behaviour === 'hang') {
  console.log('thinking');
  setInterval(() => {}, 1000);
} else {
  const server = await listenUnix(socketPath(resolveDirs()), (socket) => {
    serveRpc(socket, (call) => {
      if (call.request.method === 'echo') {
        const stream = byteStream(call.upgrade('open'));
        stream.pipe(stream);
      }
      // As a daemon that dies in the middle of a call, and remembers the key after it was started again.
      const key = call.request.idempotencyKey;
      if (call.request.method === 'die') {
        if (existsSync(keyFile)) return { again: readFileSync(keyFile, 'utf8') === key };
        writeFileSync(keyFile, key ?? '');
        process.kill(process.pid, 'SIGKILL');
      }
      if (call.request.method === 'quit') void server.close().then(() => setImmediate(() => process.exit(0)));
      const features = behaviour === 'keys' ? ['idempotency_keys'] : [];
      return { features, pid: process.pid, opId: call.request.opId, cwd: process.cwd(), argument: behaviour };
    });
  });
  say({ ready: true, pid: process.pid });
}

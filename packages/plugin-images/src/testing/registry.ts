import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from '../processes/environment.ts';

/** `user` with the password `secret-word`. */
export const HTPASSWD = 'user:$2y$05$abcdefghijklmnopqrstuuUOabO4v2PoT/v47Y.znQK.9MsMDnesq\n';

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The lines of its log so far. */
  readonly log: readonly string[];
}

interface RegistryOptions {
  /** Lines of users, with bcrypt. */
  readonly htpasswd?: string;
  /** With this certificate and key, as files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Its own settings of a server of tokens, in place of passwords. */
  readonly token?: Readonly<Record<'realm' | 'service' | 'issuer' | 'rootcertbundle', string>>;
}

/** Debian's `docker-registry` on a free port of this machine. */
export async function startRegistry(
  directory: string,
  { htpasswd, tls, token }: RegistryOptions = {},
): Promise<TestRegistry> {
  const data = join(directory, 'registry');
  await mkdir(data, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const users = join(data, 'htpasswd');
  if (htpasswd !== undefined) await writeFile(users, htpasswd);
  const settings = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: host, ...(tls === undefined ? {} : { tls }) },
    ...(token === undefined ? {} : { auth: { token } }),
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: users } } }),
  };
  const config = join(data, 'config.yml');
  await writeFile(config, JSON.stringify(settings));
  const program = findProgram('docker-registry') ?? 'docker-registry';
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' },
  });
  const log: string[] = [];
  const listening = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.push(line);
      if (line.includes('listening on')) listening.resolve();
    });
  }
  const closed = once(child, 'close');
  closed.then(() => listening.reject(new Error(`docker-registry ended: ${log.slice(-5).join('\n')}`)));
  await listening.promise;
  return {
    host,
    log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Files } from './image-files.ts';

export interface ScriptedRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Method and path of each request so far. */
  readonly asked: readonly string[];
}

/** @returns true: it has answered */
type Hook = (from: IncomingMessage, to: ServerResponse, registry: { readonly host: string }) => boolean;

/** A registry for what a real one does not do on demand, with the one image of an OCI layout's files. */
export async function scriptedRegistry(files: Files, hook: Hook): Promise<ScriptedRegistry> {
  const [{ mediaType: type, digest }] = JSON.parse(String(files['index.json'])).manifests;
  const asked: string[] = [];
  const server = createServer((from, to) => {
    asked.push(`${from.method} ${from.url}`);
    if (hook(from, to, { host })) return;
    const wanted = /\/(?:manifests|blobs)\/([^/]+)$/.exec(from.url ?? '')?.[1] ?? '';
    const known = files[`blobs/sha256/${(wanted.startsWith('sha256:') ? wanted : digest).slice('sha256:'.length)}`];
    if (known === undefined) return void to.writeHead(404).end();
    to.writeHead(200, from.url?.includes('/manifests/') ? { 'content-type': type } : {}).end(known);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    host,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

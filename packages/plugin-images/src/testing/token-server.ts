// Tokens of registries: https://distribution.github.io/distribution/spec/auth/jwt/
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

export interface TokenServer extends AsyncDisposable {
  /** Where tokens are asked for. */
  readonly realm: string;
  /** What it was asked, with the answer's status. */
  readonly asked: readonly string[];
}

const HOUR = 3600;

/** Signs tokens for all that is asked for, when it is asked for with the password. */
export async function startTokenServer(
  pair: { readonly certificate: string; readonly key: string },
  basic: string,
): Promise<TokenServer> {
  const key = createPrivateKey(await readFile(pair.key));
  const x5c = [new X509Certificate(await readFile(pair.certificate)).raw.toString('base64')];
  const asked: string[] = [];
  const server = createServer((from, to) => {
    const { searchParams } = new URL(from.url ?? '', 'http://it');
    const allowed = from.headers.authorization === `Basic ${basic}`;
    asked.push(`${allowed ? 200 : 401} ${searchParams.getAll('scope').join(' ')}`);
    if (!allowed) return void to.writeHead(401).end();
    const access = searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'nook-test', sub: 'user', aud: searchParams.get('service'), jti: 'x', access };
    const times = { iat: now, nbf: now - HOUR, exp: now + HOUR };
    const parts = [
      { typ: 'JWT', alg: 'ES256', x5c },
      { ...claims, ...times },
    ];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    to.end(JSON.stringify({ token: `${signed}.${signature}` }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    realm: `http://127.0.0.1:${(server.address() as { port: number }).port}/token`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// Tokens of registries: https://distribution.github.io/distribution/spec/auth/token/
import { type Challenge, parseChallenges } from './challenge.ts';
import { type CredentialPlaces, type Credentials, findCredentials } from './credentials.ts';
import { registryErrors } from './errors.ts';
import type { Fetcher } from './fetcher.ts';

interface Asking {
  readonly registry: string;
  readonly repository: string;
  readonly fetcher: Fetcher;
  readonly places: CredentialPlaces;
  readonly signal: AbortSignal;
}

const MAX_TOKEN = 2 ** 20;

/** Answers a registry's 401 with the header to send. @throws NookError `unauthorized` when nothing that we have will do */
export async function authorize(header: string, asking: Asking): Promise<string> {
  const challenges = parseChallenges(header);
  const credentials = await findCredentials(asking.registry, asking.places, asking.signal);
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return `Bearer ${await token(bearer, credentials, asking)}`;
  if (challenges.some(({ scheme }) => scheme === 'basic') && credentials !== undefined) return basic(credentials);
  throw registryErrors.unauthorized(asking.repository, asking.registry);
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function token({ params }: Challenge, credentials: Credentials | undefined, asking: Asking): Promise<string> {
  const { registry, repository, fetcher, signal } = asking;
  const scope = params.scope ?? `repository:${repository}:pull`;
  const realm = URL.canParse(params.realm ?? '') ? new URL(params.realm ?? '') : undefined;
  if (realm === undefined || !fetcher.allows(realm)) {
    throw registryErrors.wrong(registry, 'a demand for a token from a place that is no https URL');
  }
  const service = params.service ?? '';
  const identity = credentials?.identityToken;
  if (identity === undefined) {
    realm.searchParams.set('service', service);
    for (const one of scope.split(' ')) realm.searchParams.append('scope', one);
  }
  const form = { grant_type: 'refresh_token', client_id: 'nook', service, scope, refresh_token: identity ?? '' };
  const response = await fetcher.fetch(realm, {
    signal,
    ...(identity === undefined ? {} : { method: 'POST', body: new URLSearchParams(form).toString() }),
    headers: {
      ...(identity === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(credentials === undefined || identity !== undefined ? {} : { authorization: basic(credentials) }),
    },
  });
  const text = (await fetcher.bytes(response, MAX_TOKEN)).toString('utf8');
  if (response.status === 401 || response.status === 403) throw registryErrors.unauthorized(repository, registry);
  if (response.status !== 200) throw registryErrors.answered(realm.host, response.status, 'a token');
  try {
    const answer = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const value = answer.token ?? answer.access_token;
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value;
  } catch {}
  throw registryErrors.wrong(realm.host, 'no token');
}

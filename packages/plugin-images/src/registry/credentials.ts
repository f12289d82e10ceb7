// Where docker keeps what it logged in with: https://docs.docker.com/reference/cli/docker/login/#credential-stores
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { runProgram } from '../processes/run-program.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** In place of a password: an identity token, to be exchanged. */
  readonly identityToken?: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

const HELPER = /^[A-Za-z0-9._-]{1,64}$/;
const HELPER_MS = 30_000;

export interface CredentialPlaces {
  /** Where docker's `config.json` is. */
  readonly directory: string;
  /** What helpers are told of as the user's home. */
  readonly home: string;
}

export function credentialPlaces(): CredentialPlaces {
  return { directory: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), home: homedir() };
}

/** What the user has for a registry, or nothing. It stays in memory: never in the store, a log or an argument. */
export async function findCredentials(
  registry: string,
  places: CredentialPlaces,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const path = join(places.directory, 'config.json');
  const ask = (helper: string, name: string) => askHelper(helper, name, { home: places.home, signal });
  const config = await readConfig(path);
  if (config === undefined) return undefined;
  const names = registry === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'] : [registry];
  for (const name of names) {
    const helper = config.credHelpers?.[name];
    const found = helper === undefined ? undefined : await ask(helper, name);
    if (found !== undefined) return found;
  }
  for (const name of names) {
    const entry = Object.entries(config.auths ?? {}).find(([key]) => key === name || hostOf(key) === name)?.[1];
    const found = entry === undefined ? undefined : decode(entry, path);
    if (found !== undefined) return found;
    const stored = config.credsStore === undefined ? undefined : await ask(config.credsStore, name);
    if (stored !== undefined) return stored;
  }
  return undefined;
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    const config: unknown = JSON.parse(text);
    return typeof config === 'object' && config !== null ? (config as DockerConfig) : undefined;
  } catch {
    // The message of the parser would show a part of the file.
    throw new NookError('bad_request', `${path} is not JSON.`, { hint: 'Repair it, or log in anew: docker login' });
  }
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
}

function decode({ auth, identitytoken }: { auth?: string; identitytoken?: string }, path: string) {
  if (auth === undefined || auth === '') return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw new NookError('bad_request', `An entry of auths in ${path} has no user and password.`);
  const both = { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  return identitytoken === undefined ? both : { ...both, identityToken: identitytoken };
}

/** A helper program gets the name on its stdin and answers on its stdout. */
async function askHelper(
  helper: string,
  registry: string,
  { home, signal }: { readonly home: string; readonly signal: AbortSignal },
): Promise<Credentials | undefined> {
  if (!HELPER.test(helper)) throw new NookError('bad_request', `'${helper}' cannot be a credential helper of docker.`);
  const program = `docker-credential-${helper}`;
  const { exitCode, stdout } = await runProgram(program, ['get'], {
    signal: AbortSignal.any([signal, AbortSignal.timeout(HELPER_MS)]),
    input: registry,
    env: { HOME: home },
    // What it says on failure may hold anything; that there is nothing for this registry ends it with 1.
    accept: [0, 1],
  });
  if (exitCode !== 0) return undefined;
  try {
    const { Username, Secret } = JSON.parse(stdout) as { Username?: unknown; Secret?: unknown };
    if (typeof Username !== 'string' || typeof Secret !== 'string') return undefined;
    return Username === '<token>'
      ? { username: '', password: '', identityToken: Secret }
      : { username: Username, password: Secret };
  } catch {
    throw new NookError('operation_failed', `The credential helper ${program} answered no JSON.`);
  }
}

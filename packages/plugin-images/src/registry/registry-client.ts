// The part of the distribution specification that pulls: https://github.com/opencontainers/distribution-spec
import { createHash } from 'node:crypto';
import { isNookError } from '@nook/daemonapi';
import { authorize } from './authorization.ts';
import { type CredentialPlaces, credentialPlaces } from './credentials.ts';
import { type Answer, Endpoint } from './endpoint.ts';
import { registryErrors } from './errors.ts';
import type { Patience } from './fetcher.ts';
import { type Descriptor, type LayeredManifest, readManifest } from './manifest.ts';
import { INDEXES, MANIFESTS } from './media-types.ts';
import { type Reference, showReference } from './reference.ts';
import { endpointsOf, type Registries } from './registry-settings.ts';

const MAX_DOCUMENT = 4 * 2 ** 20;

interface ClientOptions {
  readonly signal: AbortSignal;
  readonly credentials?: CredentialPlaces;
  readonly patience?: Patience;
}

/** One repository of a registry, through its mirrors where there are any. */
export class RegistryClient {
  readonly #reference: Reference;
  readonly #endpoints: readonly Endpoint[];
  readonly #signal: AbortSignal;
  readonly #places: CredentialPlaces;

  constructor(reference: Reference, registries: Registries, options: ClientOptions) {
    this.#reference = reference;
    this.#signal = options.signal;
    this.#places = options.credentials ?? credentialPlaces();
    this.#endpoints = endpointsOf(reference.registry, registries).map((place) => new Endpoint(place, options.patience));
  }

  /** The manifest for linux/amd64 that the reference means now, with its own digest. */
  async manifest(): Promise<{ readonly digest: string; readonly manifest: LayeredManifest }> {
    const { tag, digest } = this.#reference;
    let wanted = digest ?? tag;
    for (let depth = 0; depth < 3; depth += 1) {
      const { bytes, type, digest: found } = await this.#document(`manifests/${wanted}`, wanted);
      const read = readManifest(bytes.toString('utf8'), type, showReference(this.#reference));
      if ('layers' in read) return { digest: found, manifest: read };
      wanted = read.digest;
    }
    throw registryErrors.wrong(this.#reference.registry, 'indexes that lead to indexes');
  }

  /** A small blob, checked. */
  async blob({ digest, size }: Descriptor): Promise<string> {
    if (size > MAX_DOCUMENT) throw registryErrors.wrong(this.#reference.registry, 'a configuration of over 4 MiB');
    return (await this.#document(`blobs/${digest}`, digest)).bytes.toString('utf8');
  }

  /** Begins to read a blob from a byte on; what is not 200, 206 or 416 is thrown. */
  async open(digest: string, from: number): Promise<Answer> {
    return this.#get(`blobs/${digest}`, from === 0 ? {} : { range: `bytes=${from}-` });
  }

  async #document(path: string, wanted: string) {
    const accept = path.startsWith('manifests/') ? { accept: [...INDEXES, ...MANIFESTS].join(', ') } : {};
    const { response, fetcher, host } = await this.#get(path, accept);
    const declared = Number(response.headers.get('content-length') ?? 0);
    if (declared > MAX_DOCUMENT) {
      await response.body?.cancel();
      throw registryErrors.wrong(host, `a manifest or configuration of ${declared} bytes; 4 MiB is the most`);
    }
    const bytes = await fetcher.bytes(response, MAX_DOCUMENT);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (wanted.startsWith('sha256:') && wanted !== digest) {
      throw registryErrors.wrong(host, `another content than ${wanted}: its digest is ${digest}`);
    }
    return { bytes, digest, type: (response.headers.get('content-type') ?? '').replace(/;.*$/, '').trim() };
  }

  /** Asks one endpoint after the other; what the last one said counts. */
  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    for (const [index, endpoint] of this.#endpoints.entries()) {
      try {
        return await this.#ask(endpoint, path, headers);
      } catch (error) {
        if (this.#signal.aborted || !isNookError(error) || index === this.#endpoints.length - 1) throw error;
      }
    }
    throw registryErrors.notFound(showReference(this.#reference), this.#reference.registry);
  }

  async #ask(endpoint: Endpoint, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { name } = endpoint;
    const { repository } = this.#reference;
    const what = showReference(this.#reference);
    for (let again = false; ; again = true) {
      const { authorization } = endpoint;
      const all = authorization === undefined ? headers : { ...headers, authorization };
      const answer = await endpoint.fetch(`${repository}/${path}`, { signal: this.#signal, headers: all });
      const { response, fetcher, host } = answer;
      const { status } = response;
      if (status === 200 || status === 206 || status === 416) return answer;
      await response.body?.cancel();
      if (status === 401 && !again) {
        const header = response.headers.get('www-authenticate') ?? '';
        const asking = { registry: name, repository, fetcher, places: this.#places, signal: this.#signal };
        endpoint.authorization = await authorize(header, asking);
        continue;
      }
      if (status === 401 || status === 403) throw registryErrors.unauthorized(what, name);
      if (status === 404) throw registryErrors.notFound(what, name);
      throw registryErrors.answered(host, status, what);
    }
  }
}

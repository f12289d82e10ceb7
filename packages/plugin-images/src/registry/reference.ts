// How images are named: https://github.com/distribution/reference/blob/main/reference.go
import { NookError } from '@nook/daemonapi';
import { withoutUserinfo } from '../userinfo.ts';

export interface Reference {
  /** Host and port: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/python`. */
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…` when the reference names exact content; the tag is then only for people. */
  readonly digest: string | undefined;
}

const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const DOCKER = 'docker.io';

/** @throws NookError `bad_params` when the text names no image of a registry */
export function parseReference(text: string): Reference {
  const [beforeDigest = '', digest, ...more] = text.split('@');
  const slash = beforeDigest.indexOf('/');
  const first = slash === -1 ? '' : beforeDigest.slice(0, slash);
  const named = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const registry = named ? first : DOCKER;
  const rest = named ? beforeDigest.slice(slash + 1) : beforeDigest;
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? 'latest' : rest.slice(colon + 1);
  const repository = registry === DOCKER && !path.includes('/') ? `library/${path}` : path;
  const fits =
    more.length === 0 &&
    HOST.test(registry) &&
    repository.length <= 255 &&
    repository.split('/').every((part) => PART.test(part)) &&
    TAG.test(tag) &&
    (digest === undefined || DIGEST.test(digest));
  if (!fits) {
    throw new NookError('bad_params', `'${withoutUserinfo(text)}' names no image of a registry.`, {
      hint: 'Write it like docker.io/library/python:3-slim, localhost:5000/mine or REPOSITORY@sha256:… (lower-case letters).',
    });
  }
  return { registry: registry === 'index.docker.io' ? DOCKER : registry, repository, tag, digest };
}

/** Whether a text that no source claims by a scheme is meant as an image of a registry: it names a place with a slash. */
export function looksLikeReference(text: string): boolean {
  return /^[A-Za-z0-9[][^\s/]*\/\S+$/.test(text) && !/^[a-z][a-z0-9.+-]*:(?!\d)/.test(text);
}

export function showReference({ registry, repository, tag, digest }: Reference): string {
  return digest === undefined ? `${registry}/${repository}:${tag}` : `${registry}/${repository}@${digest}`;
}

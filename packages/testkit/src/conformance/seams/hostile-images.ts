import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { API_VERSION, isNookError, NookError } from '@nook/daemonapi';
import type { AnyPlugin } from '../../any-plugin.ts';
import type { Box } from '../../box.ts';
import { buildTar, type TarPart } from '../../tar-builder.ts';
import { failureOf } from '../subject-box.ts';

const SCHEME = 'conformance-hostile';
/** In the name of every file that must not come to be anywhere. */
const MARK = 'nook-escaped';

const escaping = (name: string): TarPart => ({ name, content: 'x' });

/** Archives that no store may take. */
const ARCHIVES: Readonly<Record<string, Buffer>> = {
  'a-name-that-climbs': buildTar([escaping(`../../${MARK}`)]),
  'an-absolute-name': buildTar([escaping(`/tmp/${MARK}`)]),
  'a-name-through-a-link': buildTar([{ name: 'out', type: '2', link: '../../..' }, escaping(`out/${MARK}`)]),
  'a-hard-link-to-the-host': buildTar([{ name: MARK, type: '1', link: '/etc/passwd' }]),
  'a-disk-of-the-host': buildTar([{ name: `dev/${MARK}`, type: '4', device: [8, 0] }]),
  'more-bytes-than-there-are': buildTar([{ name: MARK, content: 'x', size: 8 ** 10 }]),
  'no-tar-at-all': Buffer.from('GET / HTTP/1.1\r\n'.repeat(100)),
  'half-a-tar': buildTar([escaping(MARK)]).subarray(0, 700),
};

/** Brings them in good faith. */
export const hostileSource: AnyPlugin = {
  name: 'testkit-hostile',
  api: API_VERSION,
  version: '0.0.0',
  from: import.meta.url,
  setup(context) {
    context.contribute('image.source', {
      name: SCHEME,
      schemes: [SCHEME],
      async resolve(reference) {
        const archive = ARCHIVES[reference.slice(SCHEME.length + 1)];
        if (archive === undefined) throw new NookError('not_found', `There is no '${reference}'.`);
        const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
        return { digest, source: 'conformance suite', archive };
      },
      fetch: async (image) => ({ stream: bytesOf((image as unknown as { archive: Buffer }).archive) }),
    });
  },
};

async function* bytesOf(archive: Buffer): AsyncGenerator<Buffer> {
  yield archive;
}

/** @throws AssertionError when the daemon's store takes one of them, or leaves something of it */
export async function offerHostile(box: Box): Promise<void> {
  const call = box.engine.call.bind(box.engine) as (method: string, params: object) => Promise<unknown>;
  for (const name of Object.keys(ARCHIVES)) {
    const reference = `${SCHEME}:${name}`;
    const error = await failureOf(call('image.pull', { reference }), `'${reference}' was to be refused`);
    assert.ok(isNookError(error) && error.code === 'bad_request', `'${reference}' failed with ${error}`);
    await failureOf(call('image.show', { reference }), `'${reference}' was not to be in the store`);
  }
  const left = (await readdir(box.home, { recursive: true })).filter((path) => path.includes(MARK));
  assert.deepEqual(left, [], 'files of refused archives are left');
}

import { buildTar } from '@nook/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertTyped, changes, effort, FUZZ_LIMIT_MS, mendChecksums, mutated, typed } from '../testing/fuzzing.ts';
import { ByteSource } from '../unpack/byte-source.ts';
import { readTar } from '../unpack/tar-reader.ts';
import { parseChallenges } from './challenge.ts';
import { readConfig, readManifest } from './manifest.ts';
import { parseReference, showReference } from './reference.ts';

test('references', { timeout: FUZZ_LIMIT_MS }, () => {
  const pieces = fc.array(
    fc.constantFrom('a', 'B', '0', '/', ':', '@', '.', '-', '_', '[', ']', 'sha256:', 'localhost', ' '),
  );
  const text = fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) =>
      typed(() => {
        const reference = parseReference(input);
        expect(parseReference(showReference(reference))).toMatchObject({ repository: reference.repository });
      }),
    ),
    effort,
  );
});

test('demands for authentication', { timeout: FUZZ_LIMIT_MS }, () => {
  const pieces = fc.array(fc.constantFrom('Bearer ', 'Basic', ' realm=', '"', '\\', ',', '=', 'scope="x"', ' ', 'a'));
  const text = fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) => Array.isArray(parseChallenges(input))),
    effort,
  );
});

test('manifests and configurations', { timeout: FUZZ_LIMIT_MS }, () => {
  const key = fc.constantFrom(
    'manifests',
    'layers',
    'config',
    'mediaType',
    'digest',
    'size',
    'rootfs',
    'diff_ids',
    'Env',
  );
  const value = fc.oneof(
    fc.json(),
    fc.dictionary(key, fc.jsonValue()).map((object) => JSON.stringify(object)),
  );
  fc.assert(
    fc.property(value, fc.string(), (text, type) => {
      return typed(() => readManifest(text, type, 'it')) && typed(() => readConfig(text, 'it'));
    }),
    effort,
  );
});

test('tars', { timeout: FUZZ_LIMIT_MS }, async () => {
  const good = buildTar([
    {
      name: 'a',
      content: 'x'.repeat(700),
      pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b', 'GNU.sparse.map': '0,700' },
    },
    { name: 'b', type: 'S', content: 'y' },
    { name: 'c', type: 'L', content: 'long' },
    { name: 'd', type: '5' },
  ]);
  await assertTyped(fc.tuple(changes(good.length), fc.nat(good.length)), async ([edits, end]) => {
    const bytes = mutated(good, edits);
    mendChecksums(bytes);
    const input = (async function* () {
      yield bytes.subarray(0, end);
    })();
    for await (const { size, mode } of readTar(new ByteSource(input))) expect(size >= 0 && mode <= 0o7777).toBe(true);
  });
});

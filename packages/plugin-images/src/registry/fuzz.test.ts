import { isNookError } from '@nook/daemonapi';
import { buildTar } from '@nook/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { effort, FUZZ_LIMIT_MS, typed } from '../testing/fuzzing.ts';
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
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 12 }), fc.nat(good.length), async (changes, end) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of changes) bytes[at] = byte;
      // Checksums are mended, or most of what is changed would be seen at once.
      for (let at = 0; at < bytes.length; at += 512) {
        const block = bytes.subarray(at, at + 512);
        if (block.toString('latin1', 257, 262) !== 'ustar') continue;
        block.fill(' ', 148, 156);
        const sum = block.reduce((total, byte) => total + byte, 0);
        block.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
        block[154] = 0;
      }
      const input = (async function* () {
        yield bytes.subarray(0, end);
      })();
      try {
        for await (const { size, mode } of readTar(new ByteSource(input)))
          expect(size >= 0 && mode <= 0o7777).toBe(true);
      } catch (error) {
        if (!isNookError(error)) throw error;
      }
    }),
    effort,
  );
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildTar } from '@nook/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertTyped, changes, FUZZ_LIMIT_MS, mendChecksums, mutated } from '../testing/fuzzing.ts';
import { dockerFiles, type Files, layoutFiles } from '../testing/image-files.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type Bundle, folderBundle } from './bundle.ts';
import { isDockerArchive, readDockerArchive } from './docker-archive.ts';
import { isLayout, readLayout } from './oci-layout.ts';
import { tarBundle } from './tar-index.ts';

const LAYER = buildTar([{ name: 'bin/sh', content: 'x' }]);
const ref = fc.option(fc.constantFrom('v1', 'some/thing:v1', 'other'), { nil: undefined });

/** What is read of a bundle lies within its files. */
async function read(bundle: Bundle | undefined, wanted: string | undefined, size: number): Promise<void> {
  if (bundle === undefined) return;
  const readers = [(await isLayout(bundle)) && readLayout, (await isDockerArchive(bundle)) && readDockerArchive];
  for (const reader of readers.filter((one) => one !== false)) {
    const { layers } = await reader(bundle, wanted, 'it');
    for (const { start, length } of layers) expect(start >= 0 && start + length <= size).toBe(true);
  }
}

test('archives of images', { timeout: FUZZ_LIMIT_MS }, async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'it.tar');
  const tarOf = (files: Files) => buildTar(Object.entries(files).map(([name, content]) => ({ name, content })));
  const links = [{ name: 'manifest.json', type: '2', link: 'manifest.json' }];
  const goods = [tarOf(layoutFiles([LAYER])), tarOf(dockerFiles([LAYER])), buildTar(links)];
  await assertTyped(fc.tuple(fc.constantFrom(...goods), changes(12_000), ref), async ([good, edits, wanted]) => {
    const tar = mutated(good, edits);
    mendChecksums(tar);
    writeFileSync(path, tar);
    await read(await tarBundle(path), wanted, tar.length);
  });
});

test('documents of layouts and of docker archives', { timeout: FUZZ_LIMIT_MS }, async () => {
  await using dir = await tempDir();
  const goods = [layoutFiles([LAYER]), dockerFiles([LAYER])];
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    ':',
    'null',
    '-1',
    '1e99',
    '../..',
    '"digest"',
    '"manifests"',
    '"Layers"',
  ];
  const piece = fc.constantFrom(...pieces);
  const edit = fc.record({ document: fc.nat(9), at: fc.nat(999), length: fc.nat(9), put: piece });
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  await assertTyped(fc.tuple(fc.nat(1), edits, ref), async ([which, wanted, reference]) => {
    const folder = join(dir.path, String(which));
    const files = { ...goods[which] };
    const names = Object.keys(files).filter((name) => files[name] !== LAYER);
    for (const { document, at, length, put } of wanted) {
      const name = names[document % names.length] ?? '';
      const text = String(files[name]);
      const from = at % text.length;
      files[name] = text.slice(0, from) + put + text.slice(from + length);
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    await read(folderBundle(folder), reference, LAYER.length);
  });
});

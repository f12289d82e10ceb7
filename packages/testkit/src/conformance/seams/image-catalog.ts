import assert from 'node:assert/strict';
import type { CatalogEntry } from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import { subjectBox } from '../subject-box.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** A scheme and something behind it, or a place with a slash. */
const REFERENCE = /^(?:[a-z][a-z0-9.+-]+:\S+|[A-Za-z0-9[][^\s/]*\/\S+)$/;

/** What holds for every `image.catalog`. */
export const imageCatalogSeam: readonly ConformanceCheck[] = [
  {
    name: 'image.catalog: names an image, says what it is, and gives references that it comes from',
    async run(subject) {
      await using box = await subjectBox(subject);
      await box.start();
      const { contributed } = box.of(subject.plugin.name);
      for (const { point, value } of contributed) {
        if (point !== 'image.catalog') continue;
        const { name, summary, sources } = value as CatalogEntry;
        assert.match(name, NAME);
        assert.ok(summary !== '', `image '${name}' has no summary`);
        assert.ok(sources.length > 0, `image '${name}' comes from nowhere`);
        for (const source of sources) assert.match(source, REFERENCE, `a source of image '${name}' is no reference`);
      }
    },
  },
];

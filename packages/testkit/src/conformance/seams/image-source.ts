import type { ConformanceCheck } from '../check.ts';
import { subjectBox } from '../subject-box.ts';
import { hostileSource, offerHostile } from './hostile-images.ts';
import { checkContent } from './image-content.ts';
import { sourceSeam } from './source-seam.ts';

/** What holds for every `image.source`, and for whoever makes images of what they bring. */
export const imageSourceSeam: readonly ConformanceCheck[] = [
  ...sourceSeam({ point: 'image.source', thing: 'image', option: 'images', check: checkContent }),
  {
    name: 'image.source: what is hostile is refused by the store, and reaches nothing',
    timeoutMs: 60_000,
    async run(subject) {
      await using box = await subjectBox({ ...subject, with: [...(subject.with ?? []), hostileSource] });
      await box.start();
      // Without a store in this daemon there is nobody to refuse anything.
      if (box.observed.some(({ provided }) => provided.has('images'))) await offerHostile(box);
    },
  },
];

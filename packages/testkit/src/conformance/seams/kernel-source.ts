import type { ConformanceCheck } from '../check.ts';
import { subjectBox } from '../subject-box.ts';
import { hostileKernels, offerHostileKernels } from './hostile-kernels.ts';
import { checkKernelFiles } from './kernel-files.ts';
import { sourceSeam } from './source-seam.ts';

/** What holds for every `kernel.source`, and for whoever makes machines boot what they bring. */
export const kernelSourceSeam: readonly ConformanceCheck[] = [
  ...sourceSeam({ point: 'kernel.source', thing: 'kernel', option: 'kernels', check: checkKernelFiles }),
  {
    name: 'kernel.source: what is no kernel is refused by the store, and reaches nothing',
    timeoutMs: 60_000,
    async run(subject) {
      await using box = await subjectBox({ ...subject, with: [...(subject.with ?? []), hostileKernels] });
      await box.start();
      // Without a store in this daemon there is nobody to refuse anything.
      if (box.observed.some(({ provided }) => provided.has('kernels'))) await offerHostileKernels(box);
    },
  },
];

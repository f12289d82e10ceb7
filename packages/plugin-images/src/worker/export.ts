import { dirname } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { isNoSpace } from '../errors.ts';
import { type ExportRequest, writeImage } from '../export/write-image.ts';
import type { WorkerLine } from './jobs.ts';

const PROGRESS_MS = 100;

export function exportImage(request: ExportRequest, say: (line: WorkerLine) => void): Record<string, never> {
  let said = Number.NEGATIVE_INFINITY;
  try {
    writeImage(request, (done) => {
      if (performance.now() - said < PROGRESS_MS) return;
      said = performance.now();
      say({ progress: { stage: 'export', done, unit: 'bytes' } });
    });
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw noSpaceFor(request.output, error);
  }
  return {};
}

export function noSpaceFor(output: string, cause?: unknown): NookError {
  return new NookError('unavailable', `No space is left in ${dirname(output)}.`, {
    hint: 'Free some space there, or export to another place.',
    cause,
  });
}

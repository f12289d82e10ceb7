import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '@nook/daemonapi';
import { DebianArchive, findArchive } from '../apt/debian-archive.ts';
import type { ImagesConfig } from '../config.ts';
import { lockFile } from '../processes/file-lock.ts';
import type { BuildPlace } from '../store/build-area.ts';
import type { Kitchen } from './recipe.ts';

export interface KitchenRequest {
  readonly config: ImagesConfig;
  /** Where apt's index is kept between pulls. */
  readonly cache: string;
  readonly place: BuildPlace;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

const APT_WAIT_SECONDS = 600;

/** Dispose it when preparing is over: others may then use apt's index. */
export function openKitchen(request: KitchenRequest): Kitchen & AsyncDisposable {
  const { config, place, signal, progress } = request;
  const held = new AsyncDisposableStack();
  return {
    place,
    signal,
    progress,
    archive: async (suite = config.suite) => {
      const directory = join(request.cache, 'apt');
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const onWait = () => progress({ stage: 'wait', message: 'waiting for another use of the package index' });
      held.use(await lockFile(join(directory, 'lock'), { signal, waitSeconds: APT_WAIT_SECONDS, onWait }));
      const found = await findArchive(config, suite, signal);
      return DebianArchive.open(found, { signal, progress, directory, lockFd: place.lockFd });
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

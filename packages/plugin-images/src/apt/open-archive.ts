import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageWork } from '@nook/daemonapi';
import type { ImagesConfig } from '../config.ts';
import { type FileLock, lockFile } from '../processes/file-lock.ts';
import { DebianArchive, findArchive } from './debian-archive.ts';
import { type ArchivePlace, DEBIAN, type Distribution } from './distribution.ts';

/** What says where packages come from. */
export interface AptSettings {
  readonly config: ImagesConfig;
  /** Where apt's index is kept between pulls. */
  readonly cache: string;
}

/** Work that packages are needed for. */
export type AptWork = Pick<ImageWork, 'signal' | 'progress' | 'lockFd'>;

const APT_WAIT_SECONDS = 600;

interface Release {
  readonly distribution: Distribution;
  readonly suite: string;
  /** In place of what config says. */
  readonly place?: ArchivePlace;
}

/** The archive of a release; of the one of Debian that config says when none is named. Dispose it soon: others wait for apt's index. */
export async function openArchive(
  apt: AptSettings,
  work: AptWork,
  { distribution, suite, place }: Release = { distribution: DEBIAN, suite: apt.config.suite },
): Promise<{ readonly archive: DebianArchive } & AsyncDisposable> {
  const lock = await lockIndex(apt, work);
  try {
    const found = await findArchive(
      { distribution, suite, place: { ...distribution.configured(apt.config), ...place } },
      work.signal,
    );
    const archive = await DebianArchive.open(found, work, indexDirectory(apt));
    return { archive, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** For as long as it is held, apt's index stays as it is. */
export async function lockIndex(apt: AptSettings, { signal, progress }: AptWork): Promise<FileLock> {
  const directory = indexDirectory(apt);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const onWait = () => progress({ stage: 'wait', message: 'waiting for another use of the package index' });
  return lockFile(join(directory, 'lock'), { signal, waitSeconds: APT_WAIT_SECONDS, onWait });
}

function indexDirectory({ cache }: AptSettings): string {
  return join(cache, 'apt');
}

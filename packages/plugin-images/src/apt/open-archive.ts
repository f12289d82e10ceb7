import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageWork } from '@nook/daemonapi';
import type { ImagesConfig } from '../config.ts';
import { lockFile } from '../processes/file-lock.ts';
import { DebianArchive, findArchive } from './debian-archive.ts';

/** What says where packages come from. */
export interface AptSettings {
  readonly config: ImagesConfig;
  /** Where apt's index is kept between pulls. */
  readonly cache: string;
}

/** Work that packages are needed for. */
export type AptWork = Pick<ImageWork, 'signal' | 'progress' | 'lockFd'>;

const APT_WAIT_SECONDS = 600;

/** Debian's archive for a release; the one that config says when none is named. Dispose it soon: others wait for apt's index. */
export async function openArchive(
  { config, cache }: AptSettings,
  { signal, progress, lockFd }: AptWork,
  suite = config.suite,
): Promise<{ readonly archive: DebianArchive } & AsyncDisposable> {
  const directory = join(cache, 'apt');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const onWait = () => progress({ stage: 'wait', message: 'waiting for another use of the package index' });
  const lock = await lockFile(join(directory, 'lock'), { signal, waitSeconds: APT_WAIT_SECONDS, onWait });
  try {
    const found = await findArchive(config, suite, signal);
    const archive = await DebianArchive.open(found, { signal, progress, directory, lockFd });
    return { archive, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

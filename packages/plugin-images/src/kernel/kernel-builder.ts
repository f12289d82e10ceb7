import { constants } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type KernelContent, type KernelSource, NookError, type Progress } from '@nook/daemonapi';
import { runProgram } from '../processes/run-program.ts';
import { digestOf } from '../sources/digest-of.ts';
import { heeding, imageWork } from '../sources/image-work.ts';
import type { BuildPlace } from '../store/build-area.ts';
import { DIGEST, type Manifest, type Naming, type RecordStore, type Stored } from '../store/record-store.ts';
import { runJob } from '../worker/run-job.ts';
import { requireGuestFit } from './guest-fit.ts';
import { takeModules } from './take-modules.ts';

export interface KernelManifest extends Manifest {
  readonly release: string;
  readonly version: string;
  /** It has an archive that it unpacks before nook's own. */
  readonly initrd?: boolean;
}

/** Where things are in a kernel's directory. */
export const VMLINUX = 'vmlinux';
export const INITRD = 'initrd';
export const modulesPath = (release: string) => join('lib', 'modules', release);

/** What the user brings to a kernel, in the place of what its source does. Absolute paths. */
export interface Companions {
  readonly modules?: string | undefined;
  readonly initrd?: string | undefined;
}

interface KernelBuild {
  readonly source: KernelSource;
  readonly reference: string;
  readonly companions: Companions;
  readonly naming: Naming;
  readonly place: BuildPlace;
  readonly store: RecordStore<KernelManifest>;
  /** Most that its modules may add up to. */
  readonly maxBytes: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Brings a kernel from its source into the store: what a VM needs of it. */
export async function buildKernel(build: KernelBuild): Promise<Stored<KernelManifest>> {
  const { source, reference, companions, naming, place, store, now, signal, progress } = build;
  const work = await imageWork(place, { signal, progress });
  const kernel = await heeding(signal, source.resolve(reference, work));
  if (!DIGEST.test(kernel.digest)) {
    throw new NookError('operation_failed', `The source '${source.name}' answered a kernel without a digest.`);
  }
  const alone = companions.modules === undefined && companions.initrd === undefined;
  if (alone && store.get(kernel.digest) !== undefined) return store.point(naming, kernel.digest, now(), signal);
  const content = await heeding(signal, source.fetch(kernel, work));
  progress({ stage: 'unpack' });
  const files = { ...content, ...definite(companions) };
  const output = join(place.directory, 'content');
  const made = await arrange(files, output, build);
  const digest = alone ? kernel.digest : await digestWith(kernel.digest, files, { output, build });
  if (store.get(digest) !== undefined) return store.point(naming, digest, now(), signal);
  progress({ stage: 'publish' });
  // Thousands of small files: one call for the file system instead of one for each.
  await runProgram('sync', ['-f', output], { signal, lockFd: place.lockFd, packageName: 'coreutils' });
  const manifest: KernelManifest = {
    ...{ format: 1, digest, source: kernel.source, created_at: now() },
    ...{ release: made.release, version: content.version ?? made.version },
    ...(files.initrd === undefined ? {} : { initrd: true }),
  };
  return store.publish(naming, output, manifest, signal);
}

async function arrange(files: KernelContent, output: string, build: KernelBuild) {
  const { place, maxBytes, signal, progress } = build;
  await mkdir(join(output, 'lib', 'modules'), { recursive: true, mode: 0o700 });
  const job = { job: 'vmlinux' as const, image: files.image, output: join(output, VMLINUX) };
  const { release, version, built_in } = await runJob(job, { signal, lockFd: place.lockFd, progress });
  const to = join(output, modulesPath(release));
  const work = place.directory;
  await takeModules({ from: files.modules, to, release, builtIn: built_in, work, maxBytes, signal });
  await requireGuestFit(to, release, files.modules !== undefined);
  if (files.initrd !== undefined) {
    await copyFile(files.initrd, join(output, INITRD), constants.COPYFILE_FICLONE);
    await chmod(join(output, INITRD), 0o444);
  }
  return { release, version };
}

/** Of a kernel to which the user brought something: it is another one than that of its source. */
async function digestWith(
  digest: string,
  files: KernelContent,
  { output, build }: { readonly output: string; readonly build: KernelBuild },
): Promise<string> {
  const { place, signal, progress } = build;
  const job = { job: 'hash' as const, directory: output };
  const { sha256 } = await runJob(job, { signal, lockFd: place.lockFd, progress });
  return digestOf('kernel', digest, sha256, files.initrd !== undefined);
}

function definite({ modules, initrd }: Companions) {
  return { ...(modules === undefined ? {} : { modules }), ...(initrd === undefined ? {} : { initrd }) };
}

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError, type Progress } from '@nook/daemonapi';
import type { DebianArchive } from '../apt/debian-archive.ts';
import { runProgram } from '../processes/run-program.ts';
import type { BuildPlace } from '../store/build-area.ts';
import type { Manifest, RecordStore, Stored } from '../store/record-store.ts';
import { runJob } from '../worker/run-job.ts';
import type { KernelEntry } from './kernel-catalog.ts';

export interface KernelManifest extends Manifest {
  readonly release: string;
  readonly version: string;
}

/** Where things are in a kernel's directory. */
export const VMLINUX = 'vmlinux';
export const modulesPath = (release: string) => join('lib', 'modules', release);

interface KernelBuild {
  readonly entry: KernelEntry;
  readonly archive: DebianArchive;
  readonly place: BuildPlace;
  readonly store: RecordStore<KernelManifest>;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

/** Fetches the kernel package that Debian's meta package stands for, and stores what a VM needs of it. */
export async function buildKernel(build: KernelBuild): Promise<Stored<KernelManifest>> {
  const { entry, archive, place, store, now, signal, progress } = build;
  const options = { signal, lockFd: place.lockFd };
  const meta = await archive.package(entry.package);
  const real = /\b(linux-image-[a-z0-9.+-]+)/.exec(meta.depends)?.[1];
  if (real === undefined) {
    throw new NookError('operation_failed', `Package '${meta.name}' ${meta.version} names no kernel package.`);
  }
  const wanted = await archive.package(real);
  const digest = `sha256:${wanted.sha256}`;
  if (store.get(digest) !== undefined) return store.point({ name: entry.name }, digest, now(), signal);
  const file = await archive.download(wanted, join(place.directory, 'download'));
  progress({ stage: 'unpack' });
  const unpacked = join(place.directory, 'package');
  await runProgram('dpkg-deb', ['-x', file, unpacked], { ...options, packageName: 'dpkg' });
  const image = (await readdir(join(unpacked, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new NookError('operation_failed', `Package '${real}' holds no kernel.`);
  const release = image.slice('vmlinuz-'.length);
  const content = join(place.directory, 'content');
  await mkdir(join(content, 'lib', 'modules'), { recursive: true, mode: 0o700 });
  const bzimage = join(unpacked, 'boot', image);
  await runJob({ job: 'vmlinux', bzimage, output: join(content, VMLINUX) }, { ...options, progress });
  await rename(await modulesOf(unpacked, release), join(content, modulesPath(release)));
  await rm(unpacked, { recursive: true });
  progress({ stage: 'publish' });
  // Thousands of small files: one call for the file system instead of one for each.
  await runProgram('sync', ['-f', content], { ...options, packageName: 'coreutils' });
  const manifest: KernelManifest = {
    format: 1,
    digest,
    source: `${real} ${wanted.version}`,
    created_at: now(),
    release,
    version: wanted.version,
  };
  return store.publish({ name: entry.name }, content, manifest, signal);
}

/** Packages for a merged /usr have them below it. */
async function modulesOf(unpacked: string, release: string): Promise<string> {
  for (const prefix of ['', 'usr']) {
    const directory = join(unpacked, prefix, modulesPath(release));
    if ((await readdir(directory).catch(() => [])).length > 0) return directory;
  }
  throw new NookError('operation_failed', `The kernel package has no modules for ${release}.`);
}

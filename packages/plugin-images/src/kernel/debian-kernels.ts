import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageWork, type KernelContent, type KernelSource, NookError, type ResolvedKernel } from '@nook/daemonapi';
import type { DebianArchive, DebianPackage } from '../apt/debian-archive.ts';
import { type AptSettings, lockIndex, openArchive } from '../apt/open-archive.ts';
import { runProgram } from '../processes/run-program.ts';
import { withoutUserinfo } from '../userinfo.ts';
import { DEFAULT_KERNEL } from './default-kernel.ts';

const SCHEME = 'debian';

/** Kernels by name: each a meta package that depends on the newest one of its kind. */
const PACKAGES: Readonly<Record<string, { readonly package: string; readonly summary: string }>> = {
  [DEFAULT_KERNEL]: {
    package: 'linux-image-cloud-amd64',
    summary: "Debian's kernel for virtual machines (linux-image-cloud-amd64)",
  },
  debian: {
    package: 'linux-image-amd64',
    summary: "Debian's kernel for any machine (linux-image-amd64): larger, with 9p and more drivers",
  },
};

interface DebianKernel extends ResolvedKernel {
  readonly archive: DebianArchive;
  readonly wanted: DebianPackage;
}

/** Debian's kernels, by package: signed index, hash, package. Also any other by `debian:PACKAGE`. */
export function debianKernels(apt: AptSettings): KernelSource {
  return {
    name: 'debian',
    schemes: [SCHEME],
    catalog: Object.entries(PACKAGES).map(([name, { summary }]) => ({ name, summary })),
    async resolve(reference, work): Promise<DebianKernel> {
      const name = PACKAGES[reference]?.package ?? packageOf(reference);
      await using held = await openArchive(apt, work);
      const { archive } = held;
      const wanted = await realPackage(archive, name);
      return { digest: `sha256:${wanted.sha256}`, source: `${wanted.name} ${wanted.version}`, archive, wanted };
    },
    async fetch({ archive, wanted }: DebianKernel, work): Promise<KernelContent> {
      return unpack(await download(apt, { archive, wanted, work }), wanted, work);
    },
  };
}

function packageOf(reference: string): string {
  const name = reference.slice(SCHEME.length + 1);
  if (/^linux-image-[a-z0-9][a-z0-9.+-]{0,80}$/.test(name)) return name;
  throw new NookError('bad_params', `'${withoutUserinfo(reference)}' names no kernel of Debian.`, {
    hint: 'Write it like debian:linux-image-rt-amd64.',
  });
}

/** A meta package has no kernel itself: it depends on the one that does. */
async function realPackage(archive: DebianArchive, name: string): Promise<DebianPackage> {
  const asked = await archive.package(name);
  const real = /\b(linux-image-\d[a-z0-9.+-]*)/.exec(asked.depends)?.[1];
  if (real !== undefined) return archive.package(real);
  if (/^linux-image-\d/.test(name)) return asked;
  throw new NookError('operation_failed', `Package '${name}' ${asked.version} names no kernel package.`);
}

async function download(
  apt: AptSettings,
  { archive, wanted, work }: { archive: DebianArchive; wanted: DebianPackage; work: ImageWork },
): Promise<string> {
  await using _lock = await lockIndex(apt, work);
  return archive.with(work).download(wanted, join(work.directory, 'download'));
}

async function unpack(file: string, wanted: DebianPackage, work: ImageWork): Promise<KernelContent> {
  const { signal, lockFd, directory } = work;
  const root = join(directory, 'package');
  await runProgram('dpkg-deb', ['-x', file, root], { signal, lockFd, packageName: 'dpkg' });
  const image = (await readdir(join(root, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new NookError('operation_failed', `Package '${wanted.name}' holds no kernel.`);
  const modules = await modulesOf(root, image.slice('vmlinuz-'.length));
  return { image: join(root, 'boot', image), modules, version: wanted.version };
}

/** Packages for a merged /usr have them below it. */
async function modulesOf(root: string, release: string): Promise<string> {
  for (const prefix of ['', 'usr']) {
    const directory = join(root, prefix, 'lib/modules', release);
    if ((await readdir(directory).catch(() => [])).length > 0) return directory;
  }
  throw new NookError('operation_failed', `The kernel package has no modules for ${release}.`);
}

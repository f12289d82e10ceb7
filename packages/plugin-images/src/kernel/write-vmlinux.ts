import { open } from 'node:fs/promises';
import { NookError } from '@nook/daemonapi';
import { isNoSpace } from '../errors.ts';
import { bannerOf } from './banner.ts';
import { builtInModules } from './built-in.ts';
import { bzImagePayload } from './bzimage.ts';
import { MAX_KERNEL } from './max-kernel.ts';
import { hasPvhNote } from './pvh-note.ts';
import { unpackPayload } from './unpack-payload.ts';

/** What an uncompressed kernel tells of itself. */
export interface KernelFacts {
  readonly bytes: number;
  /** As `uname -r` says it in the guest; fit to be a folder's name. */
  readonly release: string;
  /** As `uname -v` says it. */
  readonly version: string;
  /** Modules of those that nook's guest needs which are built in. */
  readonly built_in: readonly string[];
}

const ELF = Buffer.from('\x7fELF', 'latin1');
const X86_64 = 62;

/** Takes the uncompressed kernel out of a bzImage, or as it is. @throws NookError `bad_request` when it cannot be booted directly */
export async function writeVmlinux(image: string, output: string): Promise<KernelFacts> {
  const elf = vmlinuxOf(await readImage(image));
  if (elf.length < 64 || !elf.subarray(0, 4).equals(ELF) || elf[4] !== 2 || elf.readUInt16LE(18) !== X86_64) {
    throw new NookError('bad_request', 'The kernel is not one for x86-64.');
  }
  if (!hasPvhNote(elf)) {
    throw new NookError('bad_request', 'The kernel has no PVH entry, so it cannot be booted directly.', {
      hint: 'Use a kernel that is built with CONFIG_PVH.',
    });
  }
  const banner = bannerOf(elf);
  if (banner === undefined) {
    throw new NookError('bad_request', 'The kernel does not say which version of Linux it is.');
  }
  await write(elf, output);
  return { bytes: elf.length, ...banner, built_in: builtInModules(elf) };
}

async function readImage(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > MAX_KERNEL) throw new NookError('bad_request', `A file of ${size} bytes is no kernel.`);
  return file.readFile();
}

function vmlinuxOf(image: Buffer): Buffer {
  if (image.subarray(0, 4).equals(ELF)) return image;
  try {
    return unpackPayload(bzImagePayload(image));
  } catch (error) {
    throw new NookError('bad_request', `The kernel image cannot be unpacked: ${(error as Error).message}.`, {
      hint: 'A kernel is a bzImage (vmlinuz) or an uncompressed ELF (vmlinux).',
      cause: error,
    });
  }
}

async function write(elf: Buffer, output: string): Promise<void> {
  await using file = await open(output, 'wx', 0o444);
  try {
    // QEMU may run under a uid of its own: it inherits the open file and opens it once more.
    await file.chmod(0o444);
    await file.writeFile(elf);
    await file.sync();
  } catch (error) {
    throw isNoSpace(error) ? new NookError('unavailable', 'No space is left on the disk of the store.') : error;
  }
}

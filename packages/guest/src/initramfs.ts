import { readFile } from 'node:fs/promises';
import { type CpioEntry, writeCpio } from './cpio.ts';
import { InitramfsError } from './initramfs-error.ts';
import { type KernelModule, readModules } from './module-tree.ts';
import { writeAtomically } from './write-atomically.ts';

export interface InitramfsOptions {
  /** The built `nook-init`, see `guestInitPath`. */
  readonly init: string;
  /** `…/lib/modules/RELEASE` of the kernel. */
  readonly modulesDir: string;
  /** Names of the modules wanted, see `guestModules`; dependencies are added, what is built in is left out. */
  readonly modules: readonly string[];
  /** A cpio archive, plain or packed, that the kernel unpacks before this one, whose files take the place of its own. */
  readonly before?: string | undefined;
  /** Replaced in one step; mode 0600. */
  readonly output: string;
}

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;
const FILE = 0o100644;
const CONSOLE = 0o020600;

/**
 * Builds the guest's initramfs: init, the modules, and the order to load them in. Not compressed: at 0.7 MB that
 * changes nothing that could be measured. The same inputs give the same bytes.
 * @throws InitramfsError
 */
export async function buildInitramfs(options: InitramfsOptions): Promise<void> {
  const init = await readFile(options.init).catch((cause: unknown) => {
    throw new InitramfsError(`The guest's init cannot be read: ${options.init}.`, {
      hint: 'Build it with packages/guest/build.sh.',
      cause,
    });
  });
  const modules = await readModules(options.modulesDir, options.modules);
  const own = writeCpio(archiveEntries(init, modules));
  const before = options.before === undefined ? [] : [await readArchive(options.before)];
  await writeAtomically(options.output, Buffer.concat([...before, own]));
}

/** One archive after another: the next begins at a multiple of four (Documentation/driver-api/early-userspace/buffer-format.rst). */
async function readArchive(path: string): Promise<Buffer> {
  const archive = await readFile(path).catch((cause: unknown) => {
    throw new InitramfsError(`The kernel's own initrd cannot be read: ${path}.`, { cause });
  });
  return Buffer.concat([archive, Buffer.alloc((4 - (archive.length % 4)) % 4)]);
}

function archiveEntries(init: Buffer, modules: readonly KernelModule[]): CpioEntry[] {
  const order = modules.map(({ name }) => `${name}.ko\n`).join('');
  return [
    { path: 'dev', mode: DIRECTORY },
    { path: 'dev/console', mode: CONSOLE, device: { major: 5, minor: 1 } },
    { path: 'init', mode: PROGRAM, content: init },
    { path: 'modules', mode: DIRECTORY },
    { path: 'modules/order', mode: FILE, content: Buffer.from(order) },
    ...modules.map(({ name, bytes }) => ({ path: `modules/${name}.ko`, mode: FILE, content: bytes })),
  ];
}

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
  await writeAtomically(options.output, writeCpio(archiveEntries(init, modules)));
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

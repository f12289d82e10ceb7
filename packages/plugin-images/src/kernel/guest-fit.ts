import { NookError } from '@nook/daemonapi';
import { GUEST_MODULES, InitramfsError, missingModules, readModules } from '@nook/guest';

/** One of them must be there; which one is the driver's. */
const TRANSPORTS = ['virtio_pci', 'virtio_mmio'];

/**
 * Whether nook's guest comes up on a kernel: it has what reaches the disk, the file system, the agent and the network.
 * @param modules its `…/lib/modules/RELEASE`
 * @throws NookError `bad_request` that names what is missing
 */
export async function requireGuestFit(modules: string, release: string, given: boolean): Promise<void> {
  const missing = await missingModules(modules, [...TRANSPORTS, ...GUEST_MODULES]);
  const transports = TRANSPORTS.filter((name) => !missing.includes(name));
  const lacks = missing.filter((name) => !TRANSPORTS.includes(name));
  if (transports.length === 0) lacks.unshift(TRANSPORTS.join(' or '));
  if (lacks.length > 0) {
    throw new NookError('bad_request', `The kernel ${release} cannot boot VMs: it lacks ${lacks.join(', ')}.`, {
      hint: given
        ? 'They are neither built in nor among its modules: build it with them (CONFIG_VIRTIO_BLK, CONFIG_EXT4_FS, …).'
        : `They are not built in: bring its modules along with --modules …/lib/modules/${release}`,
      details: { missing: lacks },
    });
  }
  const strangers = await read(modules, [...transports, ...GUEST_MODULES]);
  const other = strangers.find((found) => found.release !== undefined && found.release !== release);
  if (other === undefined) return;
  throw new NookError(
    'bad_request',
    `The modules are of kernel ${other.release}, and would not load into ${release}.`,
    { hint: `Bring those that belong to it: --modules …/lib/modules/${release}` },
  );
}

async function read(modules: string, names: readonly string[]) {
  try {
    return await readModules(modules, names);
  } catch (error) {
    if (!(error instanceof InitramfsError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new NookError('bad_request', error.message, { ...hint, cause: error });
  }
}

import { isNookError } from '@nook/daemonapi';
import type { Caller, Dependencies } from './dependencies.ts';
import type { KernelPin, MachineRecord } from './records.ts';

type Kernel = Awaited<ReturnType<Dependencies['kernels']['ensure']>>;

/**
 * The kernel that a VM boots: the one that it had, whatever the name means by now. It takes another when the config asks
 * for another one, and when its own is gone, which is said.
 */
export async function kernelOf(record: MachineRecord, dependencies: Dependencies, caller: Caller): Promise<Kernel> {
  const { kernels } = dependencies;
  const asked = askedFor(record, dependencies);
  const options = { signal: caller.signal, progress: caller.progress.bind(caller) };
  const pin = record.run.kernel;
  if (pin !== undefined && pin.asked === (asked ?? null)) {
    try {
      return await kernels.ensure(pin.digest, options);
    } catch (error) {
      if (!isNookError(error) || error.code !== 'not_found') throw error;
      const message = `its kernel ${pin.digest} is gone from the store: it boots another one`;
      caller.progress({ stage: 'kernel', message });
    }
  }
  return kernels.ensure(asked, options);
}

export function pinOf(kernel: Pick<Kernel, 'digest'>, record: MachineRecord, dependencies: Dependencies): KernelPin {
  return { asked: askedFor(record, dependencies) ?? null, digest: kernel.digest };
}

function askedFor({ shape }: MachineRecord, { config }: Dependencies): string | undefined {
  return shape.kernel ?? config.kernel;
}

import type { VmRequest } from '../contract.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import type { MachineRecord } from './records.ts';
import { checkDisk, checkShape } from './shape.ts';

/** What a request asks for, but for what makes one VM another than the next. */
export type ResolvedShape = Omit<MachineRecord['shape'], 'labels' | 'life' | 'next' | 'mac' | 'machine_id'>;

/** The request with its defaults, and its image, which is pulled where it is missing. @throws NookError `bad_params` */
export async function resolveShape(
  request: VmRequest,
  dependencies: Dependencies,
  caller: Caller,
): Promise<ResolvedShape> {
  const { config, images, kernels, network } = dependencies;
  const shape = checkShape(request, dependencies);
  const options = { signal: caller.signal, progress: caller.progress.bind(caller) };
  const image = await images.ensure(request.image ?? images.defaultImage(), options);
  if (request.kernel !== undefined) await kernels.ensure(request.kernel, options);
  caller.signal.throwIfAborted();
  return {
    ...shape,
    driver: config.driver,
    image: image.name,
    image_digest: image.digest,
    image_path: image.path,
    image_config: image.config,
    kernel: request.kernel,
    network: await network.choosePorts(shape.network, request.publish_all ? image.config?.ports : undefined),
    disk_bytes: checkDisk(shape.disk_bytes, image),
  };
}

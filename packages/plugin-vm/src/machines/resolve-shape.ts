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
  const { config, images } = dependencies;
  const shape = checkShape(request, dependencies);
  const image = await images.ensure(request.image ?? images.defaultImage(), {
    signal: caller.signal,
    progress: (update) => caller.progress(update),
  });
  caller.signal.throwIfAborted();
  return {
    ...shape,
    driver: config.driver,
    image: image.name,
    image_digest: image.digest,
    image_path: image.path,
    image_config: image.config,
    disk_bytes: checkDisk(shape.disk_bytes, image),
  };
}

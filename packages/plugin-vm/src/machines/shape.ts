import { availableParallelism, totalmem } from 'node:os';
import { NookError } from '@nook/daemonapi';
import type { GuestInit, NetworkSpec, VmMount, VmRequest } from '../contract.ts';
import { formatSize, parseSize } from '../size.ts';
import type { Dependencies } from './dependencies.ts';
import { checkMounts } from './mounts.ts';

const MIN_MEMORY = 64 * 1024 ** 2;
export const MAX_DISK = 16 * 1024 ** 4;

interface RequestedShape {
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number | undefined;
  readonly network: NetworkSpec;
  readonly auto_remove: boolean;
  readonly init: GuestInit;
  readonly mounts: readonly VmMount[];
}

/** The request with its defaults, once it makes sense on this host. @throws NookError `bad_params` */
export function checkShape(request: VmRequest, { config, network }: Dependencies): RequestedShape {
  const disk = request.disk === undefined ? config.disk : parseAmount('disk', request.disk);
  return {
    vcpus: checkVcpus(request.vcpus ?? config.vcpus),
    memory_bytes: checkMemory(request.memory === undefined ? config.memory : parseAmount('memory', request.memory)),
    disk_bytes: disk,
    network: network.check({
      ...{ mode: request.network, publish: request.publish, ip: request.ip },
      ...{ egress: request.egress, allow: request.allow },
    }),
    auto_remove: request.auto_remove ?? false,
    init: request.init ?? 'nook',
    mounts: checkMounts(request.mounts ?? []),
  };
}

/** @throws NookError `bad_params` */
export function checkVcpus(vcpus: number): number {
  const most = Math.max(availableParallelism() * 4, 8);
  if (Number.isInteger(vcpus) && vcpus >= 1 && vcpus <= most) return vcpus;
  throw new NookError('bad_params', `A VM cannot have ${vcpus} vCPUs.`, {
    hint: `Give a whole number from 1 to ${most}; this host has ${availableParallelism()} CPUs.`,
  });
}

/** @throws NookError `bad_params` */
export function checkMemory(bytes: number): number {
  if (bytes >= MIN_MEMORY && bytes <= totalmem()) return Math.floor(bytes / 1024 ** 2) * 1024 ** 2;
  throw new NookError('bad_params', `A VM cannot have ${formatSize(bytes)} of memory.`, {
    hint: `Give between ${formatSize(MIN_MEMORY)} and the host's ${(totalmem() / 1024 ** 3).toFixed(1)} GiB, e.g. 512MiB.`,
  });
}

/** @throws NookError `bad_params` when the image would not fit */
export function checkDisk(
  bytes: number | undefined,
  image: { readonly name: string; readonly size_bytes: number },
): number {
  if (bytes === undefined) return image.size_bytes;
  if (bytes >= image.size_bytes && bytes <= MAX_DISK) return Math.ceil(bytes / 1024 ** 2) * 1024 ** 2;
  throw new NookError('bad_params', `A disk of ${formatSize(bytes)} does not do.`, {
    hint: `Image '${image.name}' takes ${formatSize(image.size_bytes)}; the most is ${formatSize(MAX_DISK)}.`,
  });
}

/** @throws NookError `bad_params` */
export function parseAmount(what: string, value: string | number): number {
  const bytes = parseSize(value);
  if (bytes !== undefined) return bytes;
  throw new NookError('bad_params', `'${value}' is not a size of ${what}.`, { hint: 'Write it like 512MiB or 2G.' });
}

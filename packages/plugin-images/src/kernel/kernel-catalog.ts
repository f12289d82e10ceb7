import { KERNEL } from './default-kernel.ts';

export interface KernelEntry {
  readonly name: string;
  readonly summary: string;
  /** The meta package of Debian that depends on the newest one. */
  readonly package: string;
}

/** Kernels that can be pulled by name; the first is meant when none is named. */
export const KERNELS: readonly KernelEntry[] = [
  KERNEL,
  {
    name: 'debian',
    summary: "Debian's kernel for any machine (linux-image-amd64): larger, with 9p and more drivers",
    package: 'linux-image-amd64',
  },
];

export function catalogKernel(name: string): KernelEntry | undefined {
  return KERNELS.find((entry) => entry.name === name);
}

import type { VmView } from '../contract.ts';
import { formatSize } from '../size.ts';

type Shape = Pick<VmView, 'name' | 'vcpus' | 'memory_bytes' | 'image' | 'came_up'>;

const CAME_UP = {
  cold: 'cold boot',
  template: 'from template',
  pool: 'from the pool',
  resume: 'resumed',
} as const;

/** What somebody at a terminal got: `web: 1 vCPU · 1 GiB · debian-12 · from template`. */
export function shapeLine({ name, vcpus, memory_bytes, image, came_up }: Shape): string {
  const shape = [`${vcpus} vCPU`, formatSize(memory_bytes), image, came_up && CAME_UP[came_up]];
  return `${name}: ${shape.filter(Boolean).join(' · ')}`;
}

import { join } from 'node:path';

/** What the daemon says that a VM reaches, in the folder of its network; a VM without it reaches nothing. */
export function rulesFile(dir: string, vm: string): string {
  return join(dir, 'egress', `${vm}.rules.json`);
}

/** What a VM used, as its nethost saw it. */
export function usedFile(dir: string, vm: string): string {
  return join(dir, 'egress', `${vm}.used.json`);
}

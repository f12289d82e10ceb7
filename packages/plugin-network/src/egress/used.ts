import { readFileSync } from 'node:fs';
import type { UsedTarget } from '../contract.ts';
import { usedFile } from './files.ts';

/** As the VM's latest nethost left it. */
export function readUsed(dir: string, vm: string): readonly UsedTarget[] {
  try {
    return JSON.parse(readFileSync(usedFile(dir, vm), 'utf8')) as UsedTarget[];
  } catch {
    return [];
  }
}

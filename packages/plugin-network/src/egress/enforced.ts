import { readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EgressRules } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import { rulesFile, usedFile } from './files.ts';

/** Stand where the daemon's word is missing. */
const NOTHING: EgressRules = { mode: 'deny', audit: false, allow: [], opened: [] };

/** Outlives the daemon: whoever keeps the network reads it. */
export async function writeRules(dir: string, vm: string, rules: EgressRules): Promise<void> {
  const path = rulesFile(dir, vm);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, JSON.stringify(rules));
}

/** Those of a VM that the daemon said nothing of let nothing through. */
export function readRules(dir: string, vm: string): EgressRules {
  try {
    return JSON.parse(readFileSync(rulesFile(dir, vm), 'utf8')) as EgressRules;
  } catch {
    return NOTHING;
  }
}

/** The VM is no more. */
export function removeEgress(dir: string, vm: string): void {
  for (const path of [rulesFile(dir, vm), usedFile(dir, vm)]) rmSync(path, { force: true });
}

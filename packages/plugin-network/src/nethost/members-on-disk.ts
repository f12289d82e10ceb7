import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Member, NETHOST_FILES } from './nethost-spec.ts';

/** Those of the latest nethost; none where it ended as it should. */
export function membersOnDisk(dir: string): readonly Member[] {
  try {
    return JSON.parse(readFileSync(join(dir, NETHOST_FILES.members), 'utf8')) as Member[];
  } catch {
    return [];
  }
}

import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For files that may be large: /tmp is memory on many hosts. */
const LARGE = '/var/tmp';

/** An empty folder, which whoever asks for it removes. */
export function makeWorkFolder(): Promise<string> {
  const place = process.env.TMPDIR === undefined && existsSync(LARGE) ? LARGE : tmpdir();
  return mkdtemp(join(place, 'nook-workspace-'));
}

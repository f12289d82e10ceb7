import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killExactly, type ProcessIdentity } from '@nook/wire';
import { NETHOST_FILES } from '../nethost/nethost-spec.ts';
import type { NethostLink } from './nethost-link.ts';

/** One that ends by itself has this long: what it made on the host is taken away by the root helper first. */
const ENDING_MS = 30_000;

/** The nethost that the folder of a network tells of, whether it is there or not. */
export async function identityOf(dir: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, NETHOST_FILES.pid), 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** Settles when the nethost of this folder is gone. @param stuck it will not end by itself */
export async function endNethost(
  dir: string,
  link: NethostLink,
  { stuck }: { readonly stuck: boolean },
): Promise<void> {
  const kill = async () => {
    const identity = await identityOf(dir);
    if (identity?.pid === link.pid) killExactly(identity);
  };
  if (stuck) await kill();
  const late = setTimeout(kill, ENDING_MS);
  await link.closed.finally(() => clearTimeout(late));
}

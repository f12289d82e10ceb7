import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistry } from '../../../packages/plugin-images/src/testing/registry.ts';
import type { Lab } from '../../lab.ts';
import type { Row } from '../../row.ts';
import { create } from './create.ts';
import { memoryMeanwhile, pingsMeanwhile } from './daemon-meanwhile.ts';
import { freshStore } from './fresh-store.ts';
import { pushHeavy, pushImages } from './images.ts';
import { speed } from './speed.ts';

/** Images of a registry on this machine's loopback, Debian's `docker-registry`. */
export async function pull(lab: Lab): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'nook-bench-pull-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const registry = stack.use(await startRegistry(directory));
  const images = await pushImages(lab, registry, directory);
  const rows = await speed({ lab, registry, images, directory });
  rows.push(await pingsMeanwhile(lab, images.whole));
  const bytes = lab.count(2_000, 200) * 2 ** 20;
  const heavy = { reference: await pushHeavy(registry, directory, bytes), bytes };
  rows.push(...(await memoryMeanwhile(lab, heavy)));
  await using fresh = await freshStore(lab, { kernels: true });
  const there = {
    '1 MiB': images.tiny,
    Debian: images.whole,
    [`${(bytes / 1e9).toFixed(1)} GB`]: heavy.reference,
  };
  for (const image of Object.values(there)) await fresh.lab.home.ok('image', 'pull', image);
  rows.push(...(await create(fresh.lab, there)));
  return rows;
}

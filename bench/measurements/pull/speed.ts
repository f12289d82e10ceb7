import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRegistry } from '../../../packages/plugin-images/src/testing/registry.ts';
import type { Lab } from '../../lab.ts';
import { atMost, type Row } from '../../row.ts';
import { summary, timed } from '../../statistics.ts';
import { freshStore } from './fresh-store.ts';
import { type Images, program } from './images.ts';
import { measurement } from './measurement.ts';

const MOST_MS = 6_000;
const MOST_RATIO = 1.3;

interface Given {
  readonly lab: Lab;
  readonly registry: TestRegistry;
  readonly images: Images;
  readonly directory: string;
}

/** A pull to a disk that boots, beside tools that end with a folder; then of an image that has the same layer. */
export async function speed({ lab, registry, images, directory }: Given): Promise<Row[]> {
  const [own, theirs, parts]: [number[], number[], number[]] = [[], [], []];
  const moved: number[] = [];
  let unpacked = 0;
  let all = 0;
  for (let i = 0; i < lab.count(4, 1); i++) {
    await using fresh = await freshStore(lab);
    const before = registry.log.length;
    own.push(await timed(() => fresh.lab.home.ok('image', 'pull', images.whole)));
    const middle = registry.log.length;
    parts.push(await timed(() => fresh.lab.home.ok('image', 'pull', images.more)));
    moved.push(sent(registry.log.slice(middle)));
    all = sent(registry.log.slice(before, middle)) + (moved.at(-1) ?? 0);
    const bundle = await mkdtemp(join(directory, 'theirs-'));
    theirs.push(await timed(() => unpack(images.whole, bundle)));
    unpacked = Number((await program('du', ['-sm', join(bundle, 'bundle/rootfs')])).stdout.split('\t')[0]);
    await rm(bundle, { recursive: true });
  }
  const peer = { what: 'skopeo copy + umoci unpack, to a folder', ...summary(theirs) };
  const most = Math.min(MOST_MS, MOST_RATIO * peer.value);
  return [
    {
      ...{ measurement, what: `nook image pull, ${unpacked} MB unpacked, to a disk`, unit: 'ms', ...summary(own) },
      ...{ target: atMost(most), peers: [peer] },
    },
    { measurement, what: 'nook image pull of it with 1 MiB more, as a layer', unit: 'ms', ...summary(parts) },
    {
      ...{ measurement, what: '· what the registry sent for that', unit: 'MB', ...summary(moved), target: atMost(1.1) },
      peers: [{ what: 'for both images', value: all, samples: [all] }],
    },
  ];
}

async function unpack(reference: string, to: string): Promise<void> {
  const image = `${join(to, 'layout')}:it`;
  await program('skopeo', ['copy', '-q', '--src-tls-verify=false', `docker://${reference}`, `oci:${image}`]);
  await program('umoci', ['unpack', '--image', image, join(to, 'bundle')]);
}

/** MB of bodies, as the registry's own log has them. */
function sent(log: readonly string[]): number {
  const bytes = log.map((line) => Number(/"response completed".* http\.response\.written=(\d+)/.exec(line)?.[1] ?? 0));
  return bytes.reduce((sum, each) => sum + each, 0) / 1e6;
}

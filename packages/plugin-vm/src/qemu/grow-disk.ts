import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 15_000;

/** A disk that was switched is another node: the latest is what the machine writes to. */
export async function growDisk(qmp: QmpClient, bytes: number): Promise<void> {
  const nodes = (await qmp.execute('query-named-block-nodes', { flat: true }, DEADLINE_MS)) as {
    'node-name': string;
    image: { 'virtual-size': number };
  }[];
  const disks = nodes.filter((node) => /^disk(-\d+)?$/.test(node['node-name']));
  const name = disks.length > 1 ? `disk-${disks.length - 1}` : 'disk';
  const present = disks.find((node) => node['node-name'] === name)?.image['virtual-size'] ?? 0;
  if (present >= bytes) return;
  await qmp.execute('block_resize', { 'node-name': name, size: bytes }, DEADLINE_MS);
}

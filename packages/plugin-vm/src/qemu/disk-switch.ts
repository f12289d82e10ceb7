import type { QmpClient } from './qmp-client.ts';

const DEADLINE_MS = 15_000;
const NODE = 'disk';

/** Lets a paused machine write to another qcow2 file from now on, which stands on the present one. */
export async function switchDisk(qmp: QmpClient, filename: string): Promise<void> {
  const nodes = (await qmp.execute('query-named-block-nodes', { flat: true }, DEADLINE_MS)) as {
    'node-name': string;
  }[];
  const number = nodes.filter((node) => /^disk(-\d+)?$/.test(node['node-name'])).length;
  const next = `${NODE}-${number}`;
  const ask = (command: string, args: Record<string, unknown>) => qmp.execute(command, args, DEADLINE_MS);
  await ask('blockdev-add', { driver: 'file', 'node-name': `${next}-file`, filename, discard: 'unmap' });
  await ask('blockdev-add', {
    driver: 'qcow2',
    'node-name': next,
    file: `${next}-file`,
    backing: null,
    discard: 'unmap',
  });
  const present = number === 1 ? NODE : `${NODE}-${number - 1}`;
  await ask('blockdev-snapshot', { node: present, overlay: next });
}

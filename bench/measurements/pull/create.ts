import type { VmView } from '../../../packages/plugin-vm/src/contract.ts';
import type { Lab } from '../../lab.ts';
import { atMost, type Row } from '../../row.ts';
import { summary, timed } from '../../statistics.ts';
import { measurement } from './measurement.ts';

/** Steps of a start that have to do with the image. */
const OF_THE_IMAGE = ['template', 'disk'];

const MOST_MS = 30;

interface Cost {
  readonly created: number[];
  readonly disk: number[];
}

/**
 * What an image that is there adds to a VM: as the VM is created, and as its disk is made at its first start.
 * @param images names of what they are; the first is the smallest, which the others are compared with
 */
export async function create(lab: Lab, images: Readonly<Record<string, string>>): Promise<Row[]> {
  const costs = new Map<string, Cost>(Object.keys(images).map((what) => [what, { created: [], disk: [] }]));
  for (let i = 0; i < lab.count(7, 2); i++) {
    for (const [what, { created, disk }] of costs) {
      created.push(await timed(() => lab.call('vm.create', { name: 'made', image: images[what] })));
      const { boot } = await lab.call<VmView>('vm.start', { name: 'made' });
      const steps = boot.filter(({ name }) => OF_THE_IMAGE.includes(name));
      disk.push(steps.reduce((sum, { duration_ms }) => sum + duration_ms, 0));
      await lab.remove('made');
    }
  }
  const [[least, small] = ['', { created: [], disk: [] }], ...others] = costs;
  return others.flatMap(([what, { created, disk }]) => [
    beside(`vm.create, image of ${what}`, created, { what: `of ${least}`, ...summary(small.created) }),
    beside('· its disk, at the first start', disk, { what: `of ${least}`, ...summary(small.disk) }),
  ]);
}

function beside(
  what: string,
  samples: readonly number[],
  peer: { what: string; value: number; samples: readonly number[] },
): Row {
  return { measurement, what, unit: 'ms', ...summary(samples), target: atMost(peer.value + MOST_MS), peers: [peer] };
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'cli';

/** Wall time of commands, as a shell sees it: from the launcher to its exit. */
export async function commandLine(lab: Lab): Promise<Row[]> {
  const nook = (...args: string[]) => timed(() => lab.home.ok(...args));
  const emptyNode = () => timed(() => promisify(execFile)(process.execPath, ['-e', '0']));
  const commands: { args: string[]; target: number; samples: number[] }[] = [
    { args: ['version'], target: 60, samples: [] },
    { args: ['vm', 'list'], target: 90, samples: [] },
  ];
  const empty: number[] = [];
  await Promise.all([...commands.map(({ args }) => nook(...args)), emptyNode()]);
  for (let turn = 0; turn < lab.count(30, 8); turn++) {
    empty.push(await emptyNode());
    for (const { args, samples } of commands) samples.push(await nook(...args));
  }
  const peer = { what: 'node -e 0', ...summary(empty) };
  const rows = commands.map(({ args, target, samples }): Row => {
    return {
      measurement,
      what: `nook ${args.join(' ')}`,
      unit: 'ms',
      ...summary(samples),
      target: atMost(target),
      peers: [peer],
    };
  });
  for (const image of ['debian-12', 'busybox']) {
    const samples = await repeat(lab.count(5, 2), () => nook('vm', 'run', '--rm', '--image', image, '--', 'true'));
    rows.push({
      measurement,
      what: `nook vm run --rm -- true, ${image}`,
      unit: 'ms',
      ...summary(samples),
      target: atMost(5_000),
    });
  }
  return rows;
}

import { randomBytes } from 'node:crypto';
import { exec } from '../exec-session.ts';
import type { Lab } from '../lab.ts';
import { atLeast, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'stdio';
const MIB = 1024 * 1024;
const TARGET = atLeast(100);

/** Bytes through the standard streams of a command: out of the guest, into it, and through the command line both ways. */
export async function stdio(lab: Lab): Promise<Row[]> {
  await using vm = await lab.vm('debian-12');
  const mib = lab.count(100, 32);
  const runs = lab.count(5, 2);
  const input = randomBytes(mib * MIB);
  const rate = (ms: number) => input.length / 1e3 / ms;

  const out = async () => {
    let bytes = 0;
    const argv = ['dd', 'if=/dev/zero', 'bs=64k', `count=${mib * 16}`, 'status=none'];
    const ms = await timed(() => exec(lab, { vm: vm.name, argv, onOutput: (part) => (bytes += part.length) }));
    if (bytes !== input.length) throw new Error(`${bytes} bytes came out of the guest, not ${input.length}`);
    return rate(ms);
  };
  const into = async () =>
    rate(await timed(() => exec(lab, { vm: vm.name, argv: ['sh', '-c', 'cat > /dev/null'], input })));
  const through = async () => rate(await timed(() => roundTrip(lab, vm.name, input)));

  await out();
  return [
    {
      measurement,
      what: `guest → client, ${mib} MiB`,
      unit: 'MB/s',
      ...summary(await repeat(runs, out)),
      target: TARGET,
    },
    {
      measurement,
      what: `client → guest, ${mib} MiB`,
      unit: 'MB/s',
      ...summary(await repeat(runs, into)),
      target: TARGET,
    },
    {
      measurement,
      what: `nook vm exec -- cat, ${mib} MiB in and out`,
      unit: 'MB/s',
      ...summary(await repeat(runs, through)),
    },
  ];
}

async function roundTrip(lab: Lab, vm: string, input: Buffer): Promise<void> {
  const child = lab.home.spawn(['vm', 'exec', vm, '--', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let bytes = 0;
  child.stdout?.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  child.stdin?.end(input);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0 || bytes !== input.length) throw new Error(`cat ended with ${code} after ${bytes} bytes`);
}

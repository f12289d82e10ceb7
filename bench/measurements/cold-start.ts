import { createToFirstExec } from '../create-to-exec.ts';
import type { Lab } from '../lab.ts';
import { bareQemuBoot } from '../peers/bare-qemu.ts';
import { atMost, type Row } from '../row.ts';
import { summary } from '../statistics.ts';

const measurement = 'cold-start';
const TARGET = atMost(2_600);

/** From the call that creates a VM to the end of the first command in it, beside a bare QEMU of the same machine. */
export async function coldStart(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  for (const image of ['debian-12', 'busybox']) rows.push(...(await ofImage(lab, image)));
  return rows;
}

async function ofImage(lab: Lab, image: string): Promise<Row[]> {
  const whole: number[] = [];
  const bare: number[] = [];
  const parts = new Map<string, number[]>();
  const first = await createToFirstExec(lab, image);
  for (let i = 0; i < lab.count(7, 2); i++) {
    bare.push(await bareQemuBoot(first.machine));
    const { ms, phases } = await createToFirstExec(lab, image);
    whole.push(ms);
    for (const [name, took] of phases) parts.set(name, [...(parts.get(name) ?? []), took]);
  }
  const peer = { what: 'bare QEMU to HELLO', ...summary(bare) };
  return [
    {
      measurement,
      what: `create → first exec, ${image}`,
      unit: 'ms',
      ...summary(whole),
      target: TARGET,
      peers: [peer],
    },
    ...[...parts].map(([name, samples]): Row => {
      return { measurement, what: `· of which ${name}`, unit: 'ms', ...summary(samples) };
    }),
  ];
}

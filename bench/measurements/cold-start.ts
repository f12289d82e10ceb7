import type { SessionHandle, VmView } from '../../packages/plugin-vm/src/contract.ts';
import { attach } from '../exec-session.ts';
import type { Lab } from '../lab.ts';
import { bareQemuBoot, machineOf } from '../peers/bare-qemu.ts';
import { atMost, type Row } from '../row.ts';
import { summary } from '../statistics.ts';

const measurement = 'cold-start';
const TARGET = atMost(3_200);

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

async function createToFirstExec(lab: Lab, image: string) {
  const began = performance.now();
  const { vm, session } = await lab.call<{ vm: VmView; session: SessionHandle }>('vm.run', {
    image,
    exec: { argv: ['/bin/true'], stdin: false },
  });
  const started = performance.now();
  await attach(session);
  const ended = performance.now();
  const machine = await machineOf(vm.dir);
  await lab.remove(vm.name);
  const took = (...names: readonly string[]) =>
    vm.boot.reduce((sum, { name, duration_ms }) => (names.includes(name) ? sum + duration_ms : sum), 0);
  const phases: [string, number][] = [
    ['image, kernel, initramfs, disk', took('kernel', 'initramfs', 'driver', 'disk', 'network')],
    ['start of the vmhost', took('vmhost')],
    ['start of QEMU → agent speaks', took('boot') - took('boot: agent')],
    ['agent speaks → guest ready', took('boot: agent')],
    ['first exec, joined by a client', ended - started],
  ];
  return { ms: ended - began, phases, machine };
}

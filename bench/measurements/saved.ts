import type { VmView } from '../../packages/plugin-vm/src/contract.ts';
import { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'saved';
const IMAGE = 'debian-12';
const TOUCHED_MIB = 100;

/** Suspend, resume, snapshot and fork of VMs that have written to 100 MiB of their memory. */
export async function savedMachines(lab: Lab): Promise<Row[]> {
  await using own = await Lab.open({ quick: lab.quick });
  await own.call('vm.template.warm', { image: IMAGE });
  await using vm = await own.vm(IMAGE);
  await own.home.ok(
    ...['vm', 'exec', vm.name, '--', 'sh', '-c'],
    `mount -t tmpfs -o size=${TOUCHED_MIB + 10}M none /mnt && dd if=/dev/urandom of=/mnt/touched bs=1M count=${TOUCHED_MIB}`,
  );
  const { name } = vm;
  const row = (what: string, samples: readonly number[]): Row => ({
    ...{ measurement, what: `${what}, ${TOUCHED_MIB} MiB touched`, unit: 'ms' },
    ...summary(samples),
  });
  const suspends: number[] = [];
  const resumes = await repeat(own.count(7, 2), async () => {
    suspends.push(await timed(() => own.call('vm.suspend', { name })));
    return timed(() => own.call('vm.resume', { name }));
  });
  const whole: number[] = [];
  const pauses = await repeat(own.count(7, 2), async () => {
    const began = performance.now();
    const { vm: copy, pause_ms } = await own.call<{ vm: VmView; pause_ms: number }>('vm.fork', { name });
    whole.push(performance.now() - began);
    await own.remove(copy.name);
    return pause_ms;
  });
  const snapshots = await repeat(own.count(5, 2), async () => {
    const { pause_ms } = await own.call<{ pause_ms: number }>('vm.snapshot.create', { name, snapshot: 'now' });
    await own.call('vm.snapshot.remove', { name, snapshot: 'now' });
    return pause_ms;
  });
  return [
    row('vm suspend', suspends),
    row('vm resume, until commands run', resumes),
    { ...row('pause of a VM that is forked', pauses), target: atMost(500) },
    row('vm fork, until the copy takes commands', whole),
    row('pause of a VM of which a snapshot is made', snapshots),
  ];
}

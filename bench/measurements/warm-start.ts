import type { PoolView, VmView } from '../../packages/plugin-vm/src/contract.ts';
import { createToFirstExec } from '../create-to-exec.ts';
import { Lab } from '../lab.ts';
import { memoryOf } from '../process-memory.ts';
import { atMost, type Row, type Target } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'warm-start';
const IMAGE = 'debian-12';
const AT_ONCE = 20;
const REST_MS = 3_000;
/** How often somebody looks whether the pool is full; nothing is measured meanwhile. */
const LOOK_MS = 100;

/** VMs that begin as a template, and those that come out of the pool. */
export async function warmStart(lab: Lab): Promise<Row[]> {
  return [...(await coldCommand(lab)), ...(await fromTemplate(lab)), ...(await fromPool(lab))];
}

const command = (lab: Lab) => timed(() => lab.home.ok('vm', 'run', '--rm', '--', 'true'));

/** In a home of its own, where there is no template yet. */
async function coldCommand(lab: Lab): Promise<Row[]> {
  await using own = await Lab.open({ quick: lab.quick });
  await command(own);
  const samples = await repeat(lab.count(5, 2), () => command(own));
  return [{ measurement, what: 'nook vm run --rm -- true, cold', unit: 'ms', ...summary(samples) }];
}

async function fromTemplate(lab: Lab): Promise<Row[]> {
  await using own = await Lab.open({ quick: lab.quick });
  await own.call('vm.template.warm', { image: IMAGE });
  return [
    ...(await creates(own, 'template', { target: atMost(300) })),
    await runs(own, 'template', { target: atMost(550) }),
    ...(await idleMemory(own)),
    ...(await atOnce(own)),
  ];
}

async function fromPool(lab: Lab): Promise<Row[]> {
  const config = ['[vm.templates]', 'auto = false', '[vm.pool]', 'size = 1', 'idle_seconds = 0.5', ''].join('\n');
  await using own = await Lab.open({ quick: lab.quick, config });
  const ready = () => poolFilled(own);
  return [
    ...(await creates(own, 'pool', { target: atMost(40), ready })),
    await runs(own, 'pool', { target: atMost(250), ready }),
  ];
}

interface Series {
  readonly target: Target;
  /** Done before each sample. */
  readonly ready?: () => Promise<void>;
}

async function creates(lab: Lab, way: string, { target, ready }: Series): Promise<Row[]> {
  const whole: number[] = [];
  const parts = new Map<string, number[]>();
  for (let i = 0; i <= lab.count(15, 4); i++) {
    await ready?.();
    const { ms, phases, came_up } = await createToFirstExec(lab, IMAGE);
    if (came_up !== way) throw new Error(`a VM came up ${came_up} instead of ${way}`);
    // The first one also pays for what the daemon does once.
    if (i === 0) continue;
    whole.push(ms);
    for (const [name, took] of phases) parts.set(name, [...(parts.get(name) ?? []), took]);
  }
  const row = (what: string, samples: readonly number[]): Row => ({
    ...{ measurement, what, unit: 'ms' },
    ...summary(samples),
  });
  return [
    { ...row(`create → first exec, ${way}`, whole), target },
    ...[...parts]
      .filter(([, samples]) => samples.some((ms) => ms > 0))
      .map(([name, samples]) => row(`· of which ${name}`, samples)),
  ];
}

async function runs(lab: Lab, way: string, { target, ready }: Series): Promise<Row> {
  const samples = await repeat(lab.count(15, 4), async () => {
    await ready?.();
    return command(lab);
  });
  return { measurement, what: `nook vm run --rm -- true, ${way}`, unit: 'ms', ...summary(samples), target };
}

async function idleMemory(lab: Lab): Promise<Row[]> {
  await using vm = await lab.vm(IMAGE);
  await lab.rest(REST_MS);
  const [host, qemu] = await Promise.all([vm.vmhost_pid, vm.qemu_pid].map((pid) => memoryOf(pid as number)));
  const [ofHost, ofQemu] = [host?.pss ?? 0, qemu?.pss ?? 0];
  const row = (what: string, value: number): Row => ({ measurement, what, unit: 'MB', ...summary([value]) });
  return [
    { ...row('PSS of a VM from a template, idle', ofHost + ofQemu), target: atMost(100) },
    row('· of which vmhost', ofHost),
    row('· of which QEMU', ofQemu),
  ];
}

async function atOnce(lab: Lab): Promise<Row[]> {
  const count = lab.count(AT_ONCE, 4);
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  const lists = () => repeat(lab.count(500, 100), () => timed(() => lab.call('vm.list')));
  for (const name of names) await lab.call('vm.create', { image: IMAGE, name });
  const stopped = await lists();
  const ms = await timed(() => lab.home.ok('vm', 'start', ...names));
  await lab.rest(REST_MS);
  const running = await lists();
  const vms = await lab.call<VmView[]>('vm.list');
  const each = await Promise.all(
    vms.map(async ({ vmhost_pid, qemu_pid }) => {
      const [host, qemu] = await Promise.all([memoryOf(vmhost_pid as number), memoryOf(qemu_pid as number)]);
      return host.pss + qemu.pss;
    }),
  );
  for (const name of names) await lab.remove(name);
  return [
    {
      measurement,
      what: `${count} VMs from a template, one command`,
      unit: 'ms',
      ...summary([ms]),
      target: atMost(6_000),
    },
    { measurement, what: `PSS of each of ${count} VMs from a template, idle`, unit: 'MB', ...summary(each) },
    { measurement, what: `vm.list, ${count} VMs that run`, unit: 'ms', ...summary(running) },
    { measurement, what: `vm.list, ${count} VMs that never ran`, unit: 'ms', ...summary(stopped) },
  ];
}

async function poolFilled(lab: Lab): Promise<void> {
  for (;;) {
    const { filling, members } = await lab.call<PoolView>('vm.pool.show');
    if (!filling && members.every(({ state }) => state === 'ready') && members.length > 0) return;
    await lab.rest(LOOK_MS);
  }
}

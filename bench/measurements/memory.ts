import type { VmView } from '../../packages/plugin-vm/src/contract.ts';
import { exec } from '../exec-session.ts';
import { Lab } from '../lab.ts';
import { idleNode } from '../peers/idle-node.ts';
import { type Memory, memoryOf } from '../process-memory.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary } from '../statistics.ts';

const measurement = 'memory';
const MACHINES = 6;
const TRAFFIC = 100 * 1024 * 1024;
/** Long enough for a process to be at rest: a vmhost collects garbage half a second after its last byte. */
const REST_MS = 3_000;

/** What runs when nothing happens, and after much has. */
export async function memory(lab: Lab): Promise<Row[]> {
  const rows = [await freshDaemon(lab)];
  await using machines = await running(lab, MACHINES);
  const vms = machines.list;
  await lab.rest(REST_MS);
  const hosts = await each(vms, (vm) => vm.vmhost_pid);
  const nodes = await repeat(3, async () => (await idleNode()).pss);
  const peer = { what: 'empty Node program, PSS', ...summary(nodes) };
  rows.push({ ...of(`vmhost PSS, idle, ${MACHINES} VMs`, pss(hosts)), target: atMost(15), peers: [peer] });
  rows.push(
    of(
      '· private',
      hosts.map((host) => host.private),
    ),
  );

  for (const { name } of vms) await traffic(lab, name);
  await lab.rest(REST_MS);
  const after = await each(vms, (vm) => vm.vmhost_pid);
  rows.push({ ...of('vmhost PSS, idle after 100 MiB each way', pss(after)), target: atMost(25) });
  rows.push(
    of(
      '· private',
      after.map((host) => host.private),
    ),
  );
  const qemus = await each(vms, (vm) => vm.qemu_pid);
  rows.push(of('QEMU PSS, busybox, 1 GiB guest', pss(qemus)));
  rows.push(of(`nookd RSS, ${MACHINES} VMs, at the end`, [await lab.daemonRss()]));
  return rows;
}

/** Its own home: that of the other measurements has a daemon which has done much already. */
async function freshDaemon(lab: Lab): Promise<Row> {
  const samples = await repeat(lab.count(3, 1), async () => {
    await using fresh = await Lab.open({ quick: lab.quick });
    await fresh.rest(REST_MS);
    return await fresh.daemonRss();
  });
  return { ...of('nookd RSS, idle', samples), target: atMost(90) };
}

async function running(lab: Lab, count: number): Promise<{ list: readonly VmView[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const list: VmView[] = [];
  for (let i = 0; i < count; i++) list.push(stack.use(await lab.vm('busybox')));
  const kept = stack.move();
  return { list, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function traffic(lab: Lab, vm: string): Promise<void> {
  const blocks = String(TRAFFIC / 65_536);
  await exec(lab, { vm, argv: ['dd', 'if=/dev/zero', 'bs=65536', `count=${blocks}`] });
  await exec(lab, { vm, argv: ['sh', '-c', 'cat > /dev/null'], input: Buffer.alloc(TRAFFIC) });
}

function each(vms: readonly VmView[], pid: (vm: VmView) => number | undefined): Promise<Memory[]> {
  return Promise.all(vms.map((vm) => memoryOf(pid(vm) as number)));
}

const pss = (memories: readonly Memory[]) => memories.map((memory) => memory.pss);

function of(what: string, samples: readonly number[]): Row {
  return { measurement, what, unit: 'MB', ...summary(samples) };
}

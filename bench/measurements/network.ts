import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { NetworkView } from '../../packages/plugin-network/src/contract.ts';
import type { VmView } from '../../packages/plugin-vm/src/contract.ts';
import { createToFirstExec } from '../create-to-exec.ts';
import { type Contestant, inTurns } from '../in-turns.ts';
import { Lab } from '../lab.ts';
import { type BridgeLab, bridgeLab } from '../network/bridge-lab.ts';
import { libvirtPair } from '../network/libvirt-pair.ts';
import { nookPair, serve, vmOn } from '../network/nook-pair.ts';
import { type Pair, rate, roundTrip, sinkIn } from '../network/pair.ts';
import { readRate } from '../network/rate.ts';
import { socatInto } from '../network/socat.ts';
import { machineOf } from '../peers/bare-qemu.ts';
import { type AbsentPeer, atLeast, atMost, type Row } from '../row.ts';
import { summary, timed } from '../statistics.ts';

const measurement = 'network';
const IMAGE = 'busybox';
const NETWORK = 'bench';
const BRIDGE = 'a network that the host takes part in';
const CONFIG = '[vm.templates]\nauto = false\n';
const MIB = 1024 * 1024;
const TURN_MS = 60_000;

/** What networks of several VMs cost, without root and with its helper: starts, names, and what goes through them. */
export async function network(lab: Lab): Promise<Row[]> {
  const why = cannot();
  if (why !== undefined) {
    console.error(`${measurement}: left out, since ${why}`);
    return [];
  }
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await Lab.open({ quick: lab.quick, config: CONFIG }));
  const bridge = await bridgeLab(lab, CONFIG);
  if (typeof bridge !== 'string') stack.use(bridge);
  for (const each of typeof bridge === 'string' ? [own] : [own, bridge.lab]) {
    await each.call('net.create', { name: NETWORK, ...(each === own ? {} : { mode: 'bridge' }) });
    await each.call('vm.template.warm', { image: IMAGE });
  }
  const first = await timed(() => ofNetwork(own));
  await using held = await vmOn(own, NETWORK, 'held');
  return [
    ...(await starts(own, bridge, first)),
    await names(own, held),
    ...(await throughput(own, bridge, held)),
    await published(own, held),
  ];
}

function cannot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make an address that is outside';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/net/tun cannot be opened';
  }
}

const ofNetwork = async (lab: Lab, name = NETWORK) => createToFirstExec(lab, IMAGE, { network: name });

/** A machine that stays on the bridge has the first one's costs paid, as `held` has for the other. */
async function starts(lab: Lab, bridge: BridgeLab | string, first: number): Promise<Row[]> {
  const ms = (at: Lab, name: string) => async () => (await ofNetwork(at, name)).ms;
  await using _held = typeof bridge === 'string' ? undefined : await vmOn(bridge.lab, NETWORK, 'held');
  const bridged: Contestant =
    typeof bridge === 'string' ? { what: BRIDGE, absent: bridge } : { what: BRIDGE, sample: ms(bridge.lab, NETWORK) };
  const others = ['user', 'none'].map((name): Contestant => ({ what: name, sample: ms(lab, name) }));
  const effort = { count: lab.count(24, 4), warmUp: 2, turnMs: TURN_MS };
  const { own, peers } = await inTurns(ms(lab, NETWORK), [...others, bridged], effort);
  const [user, , ofBridge] = peers.map((peer) => ('value' in peer ? peer.value : Number.NaN));
  const more = (what: string, value: number): Row => ({
    ...{ measurement, what, unit: 'ms', ...summary([value - (user as number)]), target: atMost(60) },
  });
  return [
    { measurement, what: 'create → first exec, network of several', unit: 'ms', ...own, peers },
    more('· more than user', own.value),
    ...(typeof bridge === 'string' ? [] : [more('· more than user, with the root helper', ofBridge as number)]),
    { measurement, what: '· the first VM of a network', unit: 'ms', ...summary([first]) },
  ];
}

/** Asked as a guest, since nobody else is answered, by a process beside the server: its address is that one's meanwhile. */
async function names(lab: Lab, { name, network: { address = '' } }: VmView): Promise<Row> {
  const { nethost_pid, gateway } = await lab.call<NetworkView>('net.show', { name: NETWORK });
  const client = fileURLToPath(new URL('../network/dns-client.ts', import.meta.url));
  const within = (...argv: readonly string[]) =>
    promisify(execFile)('nsenter', [`--net=/proc/${nethost_pid}/ns/net`, ...argv]);
  await within('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  const count = String(lab.count(2_000, 200));
  const { stdout } = await within(process.execPath, client, address, gateway, `${name}.nook`, count);
  await within('ip', 'address', 'del', `${address}/32`, 'dev', 'lo');
  const samples = JSON.parse(stdout) as number[];
  return { measurement, what: 'answer of the name server', unit: 'ms', ...summary(samples), target: atMost(1) };
}

/** Out of a guest, to the host and to another guest, by each of the networks there are. */
async function throughput(lab: Lab, bridge: BridgeLab | string, held: VmView): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await sinkIn(process.pid));
  const user = await nookPair(lab, { what: 'user', first: stack.use(await vmOn(lab, 'user', 'user')), host });
  const other = stack.use(await vmOn(lab, NETWORK, 'other'));
  const own = await nookPair(lab, { what: 'network of several', first: held, other, host });
  const bridged = await bridgedPair(stack, bridge);
  const libvirt = await libvirtPair(await machineOf(held.dir));
  if (!('absent' in libvirt)) stack.use(libvirt);
  const mib = lab.count(64, 16);
  const effort = { count: lab.count(8, 2), warmUp: 1, turnMs: TURN_MS };
  const row = async (what: string, unit: Row['unit'], [mine, ...others]: readonly Contestant[]): Promise<Row> => {
    if (mine === undefined || 'absent' in mine) throw new Error(`${what}: there is nothing to measure`);
    const { own: value, peers } = await inTurns(mine.sample, others, effort);
    return { measurement, what, unit, ...value, peers };
  };
  const several = [own, bridged, libvirt];
  const out = [own, user, bridged, libvirt].map((pair) => rate(pair, 'host', mib));
  const across = several.map((pair) => rate(pair, 'other', mib));
  return [
    await row(`VM → host, ${mib} MiB`, 'MB/s', out),
    await row(`VM → VM, ${mib} MiB`, 'MB/s', across),
    await row('VM → VM and back, a packet', 'ms', several.map(roundTrip)),
  ];
}

async function bridgedPair(stack: AsyncDisposableStack, bridge: BridgeLab | string): Promise<Pair | AbsentPeer> {
  if (typeof bridge === 'string') return { what: BRIDGE, absent: bridge };
  const { lab, pid } = bridge;
  const host = stack.use(await sinkIn(pid));
  const first = stack.use(await vmOn(lab, NETWORK, 'one'));
  const other = stack.use(await vmOn(lab, NETWORK, 'two'));
  return nookPair(lab, { what: BRIDGE, first, other, host });
}

/** Into the host by a published port, against socat between the same two. */
async function published(lab: Lab, vm: VmView): Promise<Row> {
  const mib = lab.count(64, 16);
  await serve(lab, vm, ['serve', 80, mib]);
  const { host_port } = await lab.call<{ host_port: number }>('net.publish', { vm: vm.name, port: '0:80' });
  const { nethost_pid = 0, vms } = await lab.call<NetworkView>('net.show', { name: NETWORK });
  const address = vms.find(({ name }) => name === vm.name)?.address ?? '';
  await using socat = await socatInto({ pid: nethost_pid, address, port: 80 });
  const read = (port: number) => () => readRate(port, mib * MIB);
  const effort = { count: lab.count(8, 2), warmUp: 1, turnMs: TURN_MS };
  const { own, peers } = await inTurns(read(host_port), [{ what: 'socat', sample: read(socat.port) }], effort);
  const theirs = peers[0] && 'value' in peers[0] ? peers[0].value : Number.NaN;
  const target = atLeast(0.8 * theirs);
  return { measurement, what: `published port, VM → host, ${mib} MiB`, unit: 'MB/s', ...own, target, peers };
}

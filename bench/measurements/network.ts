import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { NetworkView } from '../../packages/plugin-network/src/contract.ts';
import type { SessionHandle, VmView } from '../../packages/plugin-vm/src/contract.ts';
import { createToFirstExec } from '../create-to-exec.ts';
import { exec } from '../exec-session.ts';
import { type Contestant, inTurns } from '../in-turns.ts';
import { Lab } from '../lab.ts';
import { portOf, readRate, sink } from '../network/rate.ts';
import { socatInto } from '../network/socat.ts';
import { type AbsentPeer, atLeast, atMost, type Row } from '../row.ts';
import { summary, timed } from '../statistics.ts';

const measurement = 'network';
const IMAGE = 'busybox';
const NETWORK = 'bench';
const MIB = 1024 * 1024;
/** TEST-NET-2 (RFC 5737): nobody's, and not among what is closed to guests. */
const OUTSIDE = '198.51.100.78';
const LIBVIRT: AbsentPeer = {
  what: "libvirt's default network",
  absent: 'it needs a libvirtd of the whole system, and dnsmasq, which this machine does not run',
};

/** What a network of several VMs costs: its VMs' starts, its names, and what goes through it. */
export async function network(lab: Lab): Promise<Row[]> {
  const why = cannot();
  if (why !== undefined) {
    console.error(`${measurement}: left out, since ${why}`);
    return [];
  }
  await using own = await Lab.open({ quick: lab.quick, config: '[vm.templates]\nauto = false\n' });
  await own.call('net.create', { name: NETWORK });
  await own.call('vm.template.warm', { image: IMAGE });
  const first = await timed(() => ofNetwork(own));
  await using held = await vmOn(own, { network: NETWORK, name: 'held' });
  return [
    ...(await starts(own, first)),
    await names(own, held),
    ...(await throughput(own, held)),
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

async function starts(lab: Lab, first: number): Promise<Row[]> {
  const ms = (name: string) => async () => (await ofNetwork(lab, name)).ms;
  const effort = { count: lab.count(24, 4), warmUp: 2, turnMs: 60_000 };
  const others = ['user', 'none'].map((name): Contestant => ({ what: name, sample: ms(name) }));
  const { own, peers } = await inTurns(ms(NETWORK), others, effort);
  const user = peers[0] && 'value' in peers[0] ? peers[0].value : Number.NaN;
  return [
    { measurement, what: 'create → first exec, network of several', unit: 'ms', ...own, peers },
    { measurement, what: '· more than user', unit: 'ms', ...summary([own.value - user]), target: atMost(60) },
    { measurement, what: '· the first VM of a network', unit: 'ms', ...summary([first]) },
  ];
}

async function names(lab: Lab, { name }: VmView): Promise<Row> {
  const { nethost_pid, gateway } = await lab.call<NetworkView>('net.show', { name: NETWORK });
  const client = fileURLToPath(new URL('../network/dns-client.ts', import.meta.url));
  const { stdout } = await promisify(execFile)('nsenter', [
    ...[`--net=/proc/${nethost_pid}/ns/net`, process.execPath, client, gateway],
    ...[`${name}.nook`, String(lab.count(2_000, 200))],
  ]);
  const samples = JSON.parse(stdout) as number[];
  return { measurement, what: 'answer of the name server', unit: 'ms', ...summary(samples), target: atMost(1) };
}

/** Out of a guest, to the host and to another guest. */
async function throughput(lab: Lab, held: VmView): Promise<Row[]> {
  execFileSync('ip', ['address', 'add', `${OUTSIDE}/32`, 'dev', 'lo']);
  const server = await sink(OUTSIDE);
  try {
    await using user = await vmOn(lab, { network: 'user', name: 'user' });
    await using other = await vmOn(lab, { network: NETWORK, name: 'other' });
    await serve(lab, other, 'while :; do nc -l -p 81 > /dev/null; done', 81);
    const mib = lab.count(16, 8);
    const effort = { count: lab.count(8, 2), warmUp: 1, turnMs: 60_000 };
    const send = (from: VmView, address: string, port: number) => async () =>
      (mib * MIB) /
      1e3 /
      (await timed(() =>
        sh(lab, from, `until dd if=/dev/zero bs=64k count=${mib * 16} 2>/dev/null | nc ${address} ${port}; do :; done`),
      ));
    const toHost = await inTurns(
      send(held, OUTSIDE, portOf(server)),
      [{ what: 'user', sample: send(user, OUTSIDE, portOf(server)) }, LIBVIRT],
      effort,
    );
    const toVm = await inTurns(send(held, 'other.nook', 81), [LIBVIRT], effort);
    return [
      { measurement, what: `VM → host, ${mib} MiB`, unit: 'MB/s', ...toHost.own, peers: toHost.peers },
      { measurement, what: `VM → VM, ${mib} MiB`, unit: 'MB/s', ...toVm.own, peers: toVm.peers },
    ];
  } finally {
    server.close();
    execFileSync('ip', ['address', 'del', `${OUTSIDE}/32`, 'dev', 'lo']);
  }
}

/** Into the host by a published port, against socat between the same two. */
async function published(lab: Lab, vm: VmView): Promise<Row> {
  const mib = lab.count(16, 8);
  await serve(lab, vm, `while :; do dd if=/dev/zero bs=64k count=${mib * 16} 2>/dev/null | nc -l -p 80; done`, 80);
  const { host_port } = await lab.call<{ host_port: number }>('net.publish', { vm: vm.name, port: '0:80' });
  const { nethost_pid = 0, vms } = await lab.call<NetworkView>('net.show', { name: NETWORK });
  const address = vms.find(({ name }) => name === vm.name)?.address ?? '';
  await using socat = await socatInto({ pid: nethost_pid, address, port: 80 });
  const read = (port: number) => () => readRate(port, mib * MIB);
  const effort = { count: lab.count(8, 2), warmUp: 1, turnMs: 60_000 };
  const { own, peers } = await inTurns(read(host_port), [{ what: 'socat', sample: read(socat.port) }], effort);
  const theirs = peers[0] && 'value' in peers[0] ? peers[0].value : Number.NaN;
  const target = atLeast(0.8 * theirs);
  return { measurement, what: `published port, VM → host, ${mib} MiB`, unit: 'MB/s', ...own, target, peers };
}

async function vmOn(lab: Lab, request: { network: string; name: string }): Promise<VmView & AsyncDisposable> {
  const { vm } = await lab.call<{ vm: VmView }>('vm.run', { image: IMAGE, detach: true, ...request });
  return { ...vm, [Symbol.asyncDispose]: () => lab.remove(vm.name) };
}

const sh = (lab: Lab, vm: VmView, line: string) => exec(lab, { vm: vm.name, argv: ['sh', '-c', line] });

/** Starts a server in the guest, and waits until it listens. */
async function serve(lab: Lab, vm: VmView, line: string, port: number): Promise<void> {
  await lab.call<SessionHandle>('vm.exec.start', { name: vm.name, argv: ['sh', '-c', line], stdin: false });
  await sh(lab, vm, `until netstat -ltn | grep -q :${port}; do sleep 0.1; done`);
}

import type { VmView } from '../../packages/plugin-vm/src/contract.ts';
import type { Lab } from '../lab.ts';
import { SocketEcho } from '../peers/socket-echo.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'rpc';
const IN_FLIGHT = 256;

/** Calls over one open connection. */
export async function rpc(lab: Lab): Promise<Row[]> {
  return [...(await pings(lab)), await pipelined(lab), ...(await lists(lab))];
}

async function pings(lab: Lab): Promise<Row[]> {
  await using echo = await SocketEcho.start();
  const ping = () => timed(() => lab.call('ping'));
  const bounce = () => timed(() => echo.roundTrip());
  await repeat(500, ping);
  await repeat(500, bounce);
  const count = lab.count(1_000, 200);
  const through: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    through.push(...(await repeat(count, ping)));
    bare.push(...(await repeat(count, bounce)));
  }
  const peer = { what: 'echo on a unix socket, Node', ...summary(bare) };
  return [{ measurement, what: 'ping', unit: 'ms', ...summary(through), target: atMost(0.15), peers: [peer] }];
}

async function pipelined(lab: Lab): Promise<Row> {
  const calls = lab.count(20_000, 4_000);
  const rate = async () => {
    let left = calls;
    const worker = async () => {
      while (left-- > 0) await lab.call('ping');
    };
    return calls / ((await timed(() => Promise.all(Array.from({ length: IN_FLIGHT }, worker)))) / 1000);
  };
  return { measurement, what: `pings, ${IN_FLIGHT} in flight`, unit: 'per s', ...summary(await repeat(5, rate)) };
}

async function lists(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  const names: string[] = [];
  for (const size of [1, 100]) {
    while (names.length < size) names.push((await lab.call<VmView>('vm.create', { image: 'busybox' })).name);
    const list = () => timed(() => lab.call('vm.list'));
    await repeat(50, list);
    const samples = await repeat(lab.count(500, 100), list);
    rows.push({ measurement, what: `vm.list, ${size} ${size === 1 ? 'VM' : 'VMs'}`, unit: 'ms', ...summary(samples) });
  }
  await Promise.all(names.map((name) => lab.remove(name)));
  return rows;
}

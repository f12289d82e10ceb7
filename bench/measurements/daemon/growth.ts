import { createClient, type NookClient } from '../../../packages/client/src/index.ts';
import type {} from '../../../packages/plugin-vm/src/contract.ts';
import { RpcClient } from '../../../packages/wire/src/index.ts';
import { Lab } from '../../lab.ts';
import { LineLoad } from '../../line-load.ts';
import type { Row } from '../../row.ts';
import { repeat, summary, timed } from '../../statistics.ts';
import { measurement } from './measurement.ts';
import { VmRecords } from './records.ts';

const RECORDS = [1, 1_000, 10_000];
const CONNECTIONS = [1, 100, 1_000];
const REST_MS = 1_000;
const IN_FLIGHT = 256;
const ONE_ANSWER = 5_000;

/** The same calls with more and more VMs in a daemon's store. */
export async function growthOfRecords(lab: Lab): Promise<Row[]> {
  await using fresh = await Lab.open({ quick: lab.quick });
  await using records = new VmRecords(fresh);
  using client = disposable(createClient({ env: fresh.home.env }));
  const rows: Row[] = [];
  for (const size of RECORDS) {
    await records.growTo(size);
    const ping = await samples(lab.count(2_000, 500), () => fresh.call('ping'));
    // More than these do not fit in one answer.
    const limit = Math.min(size, ONE_ANSWER);
    const list = await samples(Math.max(5, lab.count(200_000, 50_000) / (size + 1_000)), () =>
      fresh.call('vm.list', { limit }),
    );
    const pages = await samples(Math.max(5, lab.count(200_000, 50_000) / (size + 1_000)), () =>
      client.list('vm.list', {}),
    );
    const meanwhile = await whileListing(fresh, client);
    const wall = await repeat(lab.count(10, 5), () => timed(() => fresh.home.ok('vm', 'list')));
    await fresh.rest(REST_MS);
    const rss = [await fresh.daemonRss()];
    const at = `${inWords(size)} ${size === 1 ? 'VM record' : 'VM records'} (vm.create)`;
    rows.push({ measurement, what: `ping, ${at}`, unit: 'ms', ...summary(ping) });
    rows.push({ measurement, what: `· vm.list, ${inWords(limit)} in one answer`, unit: 'ms', ...summary(list) });
    rows.push({ measurement, what: `· vm.list in pages of 250`, unit: 'ms', ...summary(pages) });
    rows.push({ measurement, what: `· ping while another pages through`, unit: 'ms', ...summary(meanwhile) });
    rows.push({ measurement, what: `· nook vm list`, unit: 'ms', ...summary(wall) });
    rows.push({ measurement, what: `· nookd RSS`, unit: 'MB', ...summary(rss) });
  }
  return rows;
}

/** A ping through each of the open connections in turn. */
export async function growthOfConnections(lab: Lab): Promise<Row[]> {
  await using fresh = await Lab.open({ quick: lab.quick });
  await using open = new AsyncDisposableStack();
  using load = await LineLoad.connect(fresh.socket);
  const clients: RpcClient[] = [];
  const rows: Row[] = [];
  for (const size of CONNECTIONS) {
    while (clients.length < size) {
      const client = open.adopt(await RpcClient.connect(fresh.socket), (opened) => opened.close());
      // Connected is not accepted yet, and only so many wait to be.
      await client.call('ping');
      clients.push(client);
    }
    let turn = 0;
    const ping = await samples(lab.count(2_000, 1_000), () => clients[turn++ % size]?.call('ping') ?? Promise.reject());
    const rate = await repeat(4, () => load.run(lab.count(30_000, 10_000), IN_FLIGHT));
    await fresh.rest(REST_MS);
    const rss = [await fresh.daemonRss()];
    const at = `${inWords(size)} ${size === 1 ? 'connection' : 'connections in turn'}`;
    rows.push({ measurement, what: `ping, ${at}`, unit: 'ms', ...summary(ping) });
    rows.push({ measurement, what: `· pings, ${IN_FLIGHT} in flight on one more`, unit: 'per s', ...summary(rate) });
    rows.push({ measurement, what: `· nookd RSS`, unit: 'MB', ...summary(rss) });
  }
  return rows;
}

/** Pings of one client while another asks for the whole list, over and over. */
async function whileListing(lab: Lab, client: NookClient): Promise<number[]> {
  let over = false;
  const listing = (async () => {
    while (!over) await client.list('vm.list', {});
  })();
  const pings = await repeat(lab.count(1_000, 200), () => timed(() => lab.call('ping')));
  over = true;
  await listing;
  return pings;
}

function disposable<T extends { close(): void }>(opened: T): T & Disposable {
  return Object.assign(opened, { [Symbol.dispose]: () => opened.close() });
}

async function samples(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const sample = () => timed(work);
  await repeat(Math.ceil(count / 10), sample);
  return repeat(Math.ceil(count), sample);
}

const inWords = (size: number) => size.toLocaleString('en-US').replaceAll(',', ' ');

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDesiredState, replaceTables } from '../../packages/netstate/src/index.ts';
import { noHelper, OWNER, TestHelper } from '../../packages/plugin-roothelper/src/helper.fixture.ts';
import type { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'helper';
const VMS = 100;

/** The root helper in namespaces of its own: what a call of it costs by itself, and the rules of many guests. */
export async function rootHelper(lab: Lab): Promise<Row[]> {
  if (noHelper !== undefined) {
    console.error(`${measurement}: left out, since ${noHelper}`);
    return [];
  }
  await using helper = await TestHelper.started();
  const call = () => timed(() => helper.call('status', { check: false }));
  await repeat(100, call);
  const calls = await repeat(lab.count(1000, 200), call);

  await helper.client.reconcile({ bridges, taps });
  const file = join(helper.dir, 'rules.json');
  await writeFile(file, JSON.stringify({ nftables: replaceTables(readDesiredState({ bridges, taps, ...rules(0) })) }));
  const transaction = () => timed(() => helper.run(`nft -j -f ${file}`));
  const transactions = await repeat(lab.count(30, 10), transaction);

  let turn = 0;
  const replace = () => timed(() => helper.client.replaceRules(rules(turn++)));
  await repeat(3, replace);
  const replaced = await repeat(lab.count(30, 10), replace);
  return [
    { measurement, what: 'helper call without work in the kernel', unit: 'ms', ...summary(calls), target: atMost(3) },
    {
      measurement,
      what: `rules of ${VMS} VMs, the transaction`,
      unit: 'ms',
      ...summary(transactions),
      target: atMost(150),
    },
    { measurement, what: `rules of ${VMS} VMs, the whole call`, unit: 'ms', ...summary(replaced) },
  ];
}

const bridges = [{ name: 'nkbr0', addresses: ['10.77.0.1/24'] }];

const taps = Array.from({ length: VMS }, (_, at) => ({
  ...{ name: `nkt${at}`, bridge: 'nkbr0', owner_uid: OWNER, addresses: [`10.77.0.${at + 2}`] },
  mac: `02:00:00:00:01:${(at + 2).toString(16).padStart(2, '0')}`,
}));

/** Another state each time: what is so already is not replaced. */
function rules(turn: number) {
  const elements = [1, 2, 3].map((part) => ({
    ...{ cidr: `203.0.113.${part + (turn % 2) * 10}`, protocol: 'tcp' as const, ports: { from: 443, to: 443 } },
  }));
  return {
    nat: [{ bridge: 'nkbr0' }],
    egress: taps.map(({ name }) => ({ tap: name, policy: 'allow' as const, elements })),
    forwards: taps.map(({ addresses: [guest_address = ''] }, at) => ({
      ...{ protocol: 'tcp' as const, host_address: '0.0.0.0', host_port: 20_000 + at },
      ...{ guest_address, guest_port: 80 },
    })),
  };
}

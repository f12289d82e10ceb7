import { Attacker, type AttackReport } from '../attackers/attacker.ts';
import { Placing } from '../attackers/placing.ts';
import { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'attack';
const TURNS = 5;
/** How long an attack takes to be in full swing again, and to have ebbed away. */
const SETTLE_MS = 300;

const ATTACKS = {
  fuzzer: '8 connections of noise and nonsense',
  'many-connections': '1 000 connections that ask, come and go',
  'slow-readers': '100 that ask and never read',
  'cancel-storm': '4 that begin and cancel',
} as const;

/** What a caller who asks one thing at a time has to wait, while others do their worst and while they hold still. */
export async function attack(lab: Lab): Promise<Row[]> {
  await using fresh = await Lab.open({ quick: lab.quick });
  using placing = new Placing(await fresh.daemonPid());
  const before = await fresh.daemonRss();
  const rows: Row[] = [];
  for (const [name, label] of Object.entries(ATTACKS)) rows.push(...(await during(fresh, { name, label, placing })));
  await fresh.rest(SETTLE_MS * 10);
  const after = await fresh.daemonRss();
  const peers = [{ what: 'before the attacks', value: before, samples: [before] }];
  rows.push({ measurement, what: 'nookd RSS, afterwards', unit: 'MB', value: after, samples: [after], peers });
  return rows;
}

async function during(lab: Lab, what: { name: string; label: string; placing: Placing }): Promise<Row[]> {
  await using attacker = await Attacker.start(what.name, lab.socket, what.placing.attacker);
  const [attacked, quiet]: [number[], number[]] = [[], []];
  let underWayMs = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    attacker.resume();
    const began = performance.now();
    await lab.rest(SETTLE_MS);
    attacked.push(...(await pings(lab)));
    underWayMs += performance.now() - began;
    attacker.pause();
    await lab.rest(SETTLE_MS);
    quiet.push(...(await pings(lab)));
  }
  const done = extent(await attacker.end(), underWayMs);
  const [own, calm] = [summary(attacked), summary(quiet)];
  const [p99 = Number.NaN, calmP99 = Number.NaN] = [own.p99, calm.p99];
  return [
    {
      ...{ measurement, what: `ping, ${what.label} (${done})`, unit: 'ms', ...own },
      target: atMost(2 * calm.value),
      peers: [{ what: 'while it holds still', ...calm }],
    },
    {
      ...{ measurement, what: '· of which the slowest of a hundred (p99)', unit: 'ms', value: p99 },
      ...{ samples: own.samples, target: atMost(2 * calmP99) },
      peers: [{ what: 'while it holds still', value: calmP99, samples: calm.samples }],
    },
  ];
}

/** How much an attack did, in words. */
function extent({ unit, count, ends = false }: AttackReport, ms: number): string {
  const figure = Math.round(ends ? count : count / (ms / 1000));
  return `${figure.toLocaleString('en-US').replaceAll(',', ' ')} ${unit}${ends ? '' : '/s'}`;
}

function pings(lab: Lab): Promise<number[]> {
  return repeat(lab.count(4_000, 1_000), () => timed(() => lab.call('ping')));
}

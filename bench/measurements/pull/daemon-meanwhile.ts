import { readFile } from 'node:fs/promises';
import type { Lab } from '../../lab.ts';
import { forgetPeak, peakOf } from '../../process-memory.ts';
import { atMost, type Row } from '../../row.ts';
import { summary, timed } from '../../statistics.ts';
import { freshStore } from './fresh-store.ts';
import { measurement } from './measurement.ts';

const REST_MS = 3_000;
/** Between pings: what is asked is how soon a daemon answers that has something else to do, not how much it can. */
const PING_MS = 5;
const SAMPLE_MS = 100;

/** What the pull of an image with one large layer takes of the daemon and of the worker. */
export async function memoryMeanwhile(lab: Lab, heavy: { reference: string; bytes: number }): Promise<Row[]> {
  await using fresh = await freshStore(lab);
  const pid = await fresh.lab.daemonPid();
  await fresh.lab.rest(REST_MS);
  await forgetPeak(pid);
  const idle = await peakOf(pid);
  let worker = 0;
  const pull = timed(() => fresh.lab.home.ok('image', 'pull', heavy.reference));
  await until(pull, async () => {
    for (const child of await childrenOf(pid)) worker = Math.max(worker, await peakOf(child).catch(() => 0));
    await fresh.lab.rest(SAMPLE_MS);
  });
  const above = (await peakOf(pid)) - idle;
  const size = `${(heavy.bytes / 1e9).toFixed(1)} GB in one layer`;
  const took = await pull;
  return [
    { measurement, what: `nook image pull, ${size}`, unit: 'ms', value: took, samples: [took] },
    {
      ...{ measurement, what: '· nookd, peak RSS above idle', unit: 'MB', value: above, samples: [above] },
      target: atMost(60),
    },
    { measurement, what: '· its worker, peak RSS', unit: 'MB', value: worker, samples: [worker] },
  ];
}

/** How soon the daemon answers others while it pulls. */
export async function pingsMeanwhile(lab: Lab, reference: string): Promise<Row> {
  const [busy, quiet]: [number[], number[]] = [[], []];
  for (let i = 0; i < lab.count(3, 1); i++) {
    await using fresh = await freshStore(lab);
    const ping = async (samples: number[]) => {
      samples.push(await timed(() => fresh.lab.call('ping')));
      await fresh.lab.rest(PING_MS);
    };
    await fresh.lab.rest(REST_MS / 3);
    while (quiet.length < 500 * (i + 1)) await ping(quiet);
    await until(fresh.lab.home.ok('image', 'pull', reference), () => ping(busy));
  }
  const [own, calm] = [summary(busy), summary(quiet)];
  const [value = Number.NaN, calmP99 = Number.NaN] = [own.p99, calm.p99];
  const peer = { what: 'without a pull', value: calmP99, samples: calm.samples };
  const what = 'ping during a pull, the slowest of a hundred (p99)';
  return { measurement, what, unit: 'ms', value, samples: own.samples, target: atMost(5), peers: [peer] };
}

/** Repeats `work` until `whole` is over. */
async function until(whole: Promise<unknown>, work: () => Promise<void>): Promise<void> {
  let over = false;
  const end = whole.finally(() => {
    over = true;
  });
  end.catch(() => {});
  while (!over) await work();
  await end;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

import type { AbsentPeer, Peer } from './row.ts';
import { repeat, summary, timed } from './statistics.ts';

const TURNS = 4;
/** One that takes part, or the reason why it does not. A sample is in the unit of the row. */
export type Contestant = { readonly what: string; readonly sample: () => Promise<number> } | AbsentPeer;

interface Effort {
  /** Samples of each, at most. */
  readonly count: number;
  readonly warmUp: number;
  /** A turn of the slow ones is over then, with fewer samples. */
  readonly turnMs: number;
}

/** Takes the samples of all in turn, so that a change in the machine's load meets all of them. */
export async function inTurns(
  own: () => Promise<number>,
  others: readonly Contestant[],
  { count, warmUp, turnMs }: Effort,
): Promise<{ own: ReturnType<typeof summary>; peers: Peer[] }> {
  const measured = [own, ...others.flatMap((other) => ('absent' in other ? [] : [other.sample]))].map((sample) => ({
    sample,
    samples: [] as number[],
  }));
  for (const { sample } of measured) await within(turnMs, warmUp, sample);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { sample, samples } of measured) samples.push(...(await within(turnMs, count / TURNS, sample)));
  }
  const [mine = [], ...theirs] = measured.map(({ samples }) => samples);
  const peers = others.map((other): Peer => {
    return 'absent' in other ? other : { what: other.what, ...summary(theirs.shift() ?? []) };
  });
  return { own: summary(mine), peers };
}

/** The milliseconds of a neighbour's work, as one that takes part. */
export function neighbour<T extends { readonly label: string }>(
  found: T | AbsentPeer,
  what: string,
  work: (daemon: T) => Promise<unknown>,
): Contestant {
  if ('absent' in found) return { what: `${found.what}, ${what}`, absent: found.absent };
  return { what: `${found.label}, ${what}`, sample: () => timed(() => work(found)) };
}

async function within(ms: number, count: number, sample: () => Promise<number>): Promise<number[]> {
  const samples = await repeat(1, sample);
  for (const began = performance.now(); samples.length < count && performance.now() - began < ms; ) {
    samples.push(await sample());
  }
  return samples;
}

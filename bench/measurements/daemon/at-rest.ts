import { Lab } from '../../lab.ts';
import type { Neighbours } from '../../peers/neighbours.ts';
import { memoryOf } from '../../process-memory.ts';
import { type AbsentPeer, atMost, type Peer, type Row } from '../../row.ts';
import { measurement } from './measurement.ts';

const REST_MS = 3_000;

/** Daemons that were only started: one of a new home, and the neighbours, to which nothing was said yet. */
export async function atRest(lab: Lab, { podman, libvirt }: Neighbours): Promise<Row> {
  // The first one after a build compiles all of it, and leaves the result to the next when it ends.
  await (await Lab.open({ quick: lab.quick }))[Symbol.asyncDispose]();
  await using fresh = await Lab.open({ quick: lab.quick });
  await fresh.rest(REST_MS);
  const value = await fresh.daemonRss();
  const peers = [await rss(podman, 'system service'), await rss(libvirt, 'libvirtd')];
  return { measurement, what: 'nookd RSS, idle', unit: 'MB', value, samples: [value], target: atMost(80), peers };
}

async function rss(found: { label: string; pid: number } | AbsentPeer, what: string): Promise<Peer> {
  if ('absent' in found) return { what: `${found.what}, ${what}`, absent: found.absent };
  const value = (await memoryOf(found.pid)).rss;
  return { what: `${found.label}, ${what}`, value, samples: [value] };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Contestant } from '../in-turns.ts';
import type { AbsentPeer } from '../row.ts';
import { timed } from '../statistics.ts';
import { listeningPort } from './socat.ts';

const MIB = 1024 * 1024;
/** TEST-NET-2 (RFC 5737): nobody's, and not among what is closed to guests. */
const OUTSIDE = '198.51.100.78';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** Two machines on a network, and the host that it leads to, however they are made and reached. */
export interface Pair {
  readonly what: string;
  /** Runs a line of sh in the first machine. @returns what it printed */
  sh(line: string): Promise<string>;
  /** Where tcp-blocks is in it. */
  readonly program: string;
  /** What takes in all that it is sent, on the host and in the other machine. */
  readonly host: Place;
  readonly other?: Place;
}

/** MB/s from the first machine to a place. */
export function rate(pair: Pair | AbsentPeer, place: 'host' | 'other', mib: number): Contestant {
  if ('absent' in pair) return pair;
  return { what: pair.what, sample: () => send(pair, place, mib) };
}

async function send({ what, sh, program, ...places }: Pair, place: 'host' | 'other', mib: number): Promise<number> {
  const to = places[place];
  if (to === undefined) throw new Error(`${what} has no other machine`);
  return (mib * MIB) / 1e3 / (await timed(() => sh(`${program} send ${to.address} ${to.port} ${mib}`)));
}

/** Milliseconds to the other machine and back, as the first one's ping says of twenty packets. */
export function roundTrip(pair: Pair | AbsentPeer): Contestant {
  if ('absent' in pair) return pair;
  return {
    what: pair.what,
    async sample() {
      const said = await pair.sh(`ping -4 -q -c 20 -i 0.01 ${pair.other?.address}`);
      const [, average] = /= [\d.]+\/([\d.]+)\//.exec(said) ?? [];
      if (average === undefined) throw new Error(`ping of ${pair.what} said: ${said}`);
      return Number(average);
    },
  };
}

/** A server that takes in all that it is sent, at `OUTSIDE` in the network namespace of a process. */
export async function sinkIn(pid: number): Promise<Place & AsyncDisposable> {
  const enter = ['nsenter', `--net=/proc/${pid}/ns/net`];
  const address = `ip address add ${OUTSIDE}/32 dev lo`;
  const listen = `exec socat -d -d -u TCP-LISTEN:0,bind=${OUTSIDE},fork,reuseaddr OPEN:/dev/null`;
  const [program = '', ...args] = [...enter, 'sh', '-c', `${address} && ${listen}`];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await listeningPort(child.stderr);
  return {
    address: OUTSIDE,
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await once(spawn('nsenter', [...enter.slice(1), 'ip', 'address', 'del', `${OUTSIDE}/32`, 'dev', 'lo']), 'exit');
    },
  };
}

import { inTurns, neighbour } from '../../in-turns.ts';
import type { Lab } from '../../lab.ts';
import type { Neighbours } from '../../peers/neighbours.ts';
import { SocketEcho } from '../../peers/socket-echo.ts';
import { atMost, type Peer, type Row } from '../../row.ts';
import { timed } from '../../statistics.ts';
import { measurement } from './measurement.ts';

/** One call at a time over one open connection. */
export async function pings(lab: Lab, { podman }: Neighbours): Promise<Row[]> {
  await using echo = await SocketEcho.start();
  const bare = { what: 'echo on a unix socket, Node', sample: () => timed(() => echo.roundTrip()) };
  const { own, peers } = await inTurns(
    () => timed(() => lab.call('ping')),
    [
      bare,
      neighbour(podman, 'GET /_ping, node:http', (service) => service.ping()),
      neighbour(podman, 'GET /_ping, bare socket', (service) => service.rawPing()),
    ],
    { count: lab.count(4_000, 2_000), warmUp: lab.count(2_000, 500), turnMs: lab.count(1_000, 300) },
  );
  const [echoed] = peers;
  const target = echoed !== undefined && 'value' in echoed ? { target: atMost(2 * echoed.value) } : {};
  const { p99 = Number.NaN } = own;
  return [
    { measurement, what: 'ping', unit: 'ms', ...own, ...target, peers },
    {
      measurement,
      what: '· of which the slowest of a hundred (p99)',
      unit: 'ms',
      value: p99,
      samples: own.samples,
      target: atMost(0.25),
      peers: peers.map(tail),
    },
  ];
}

/** Its p99 in place of its median. */
function tail(peer: Peer): Peer {
  return 'absent' in peer ? peer : { ...peer, value: peer.p99 ?? Number.NaN };
}

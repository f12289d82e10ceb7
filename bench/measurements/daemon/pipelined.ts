import { inTurns } from '../../in-turns.ts';
import type { Lab } from '../../lab.ts';
import { LineLoad } from '../../line-load.ts';
import { SocketEcho } from '../../peers/socket-echo.ts';
import { atLeast, type Row } from '../../row.ts';
import { measurement } from './measurement.ts';

const IN_FLIGHT = 256;

/** Calls that do not wait for each other, on one connection. */
export async function pipelined(lab: Lab): Promise<Row> {
  await using echo = await SocketEcho.start();
  using daemon = await LineLoad.connect(lab.socket);
  using bare = await LineLoad.connect(echo.path);
  const lines = lab.count(50_000, 20_000);
  const { own, peers } = await inTurns(
    () => daemon.run(lines, IN_FLIGHT),
    [{ what: 'echo of the same lines, Node', sample: () => bare.run(lines, IN_FLIGHT) }],
    { count: 8, warmUp: 2, turnMs: lab.count(1_000, 300) },
  );
  return {
    measurement,
    what: `pings, ${IN_FLIGHT} in flight, bare socket`,
    unit: 'per s',
    ...own,
    target: atLeast(100_000),
    peers,
  };
}

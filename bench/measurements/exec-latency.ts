import type { SessionHandle } from '../../packages/plugin-vm/src/contract.ts';
import { attach } from '../exec-session.ts';
import type { Lab } from '../lab.ts';
import { byteEcho } from '../peers/byte-echo.ts';
import { forkExecLoop } from '../peers/fork-exec-loop.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary } from '../statistics.ts';

const measurement = 'exec';
/** Rounds of the two in turn, so that a change in the machine's load meets both. */
const TURNS = 5;

/** /bin/true through an open client, beside the same fork and exec inside of the guest. */
export async function execLatency(lab: Lab): Promise<Row[]> {
  await using vm = await lab.vm('debian-12');
  const loop = await forkExecLoop(lab, vm.name);
  const perTurn = lab.count(60, 20);
  const begins: number[] = [];
  const once = async () => {
    const began = performance.now();
    const params = { name: vm.name, argv: ['/bin/true'], stdin: false };
    const session = await lab.call<SessionHandle>('vm.exec.start', params);
    begins.push(performance.now() - began);
    await attach(session);
    return performance.now() - began;
  };
  await repeat(10, once);
  await loop(10);
  const through: number[] = [];
  const inside: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    inside.push(...(await loop(perTurn)));
    through.push(...(await repeat(perTurn, once)));
  }
  const echoes = await byteEcho(lab, vm.name, lab.count(300, 100));
  const whole = summary(through);
  const peer = { what: 'fork + exec inside the guest', ...summary(inside) };
  return [
    { measurement, what: 'exec /bin/true, open client', unit: 'ms', ...whole, peers: [peer] },
    { measurement, what: '· of which until the session is begun', unit: 'ms', ...summary(begins) },
    {
      measurement,
      what: '· above fork + exec in the guest (p50 − p50)',
      unit: 'ms',
      value: whole.value - peer.value,
      samples: through,
      target: atMost(1.5),
    },
    {
      measurement,
      what: 'a byte to a cat in the guest and back: more than a PING of the agent',
      unit: 'ms',
      ...summary(echoes),
      target: atMost(0.5),
    },
  ];
}

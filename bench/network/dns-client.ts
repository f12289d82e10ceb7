import { createSocket } from 'node:dgram';
import { once } from 'node:events';

// dns-client OWN SERVER NAME COUNT: asks one question after the other from an address of its own, and prints the
// milliseconds of each answer.
const [, , own = '', address = '', name = '', count = ''] = process.argv;
const WARM_UP = 100;
const socket = createSocket('udp4');
socket.bind(0, own);
socket.connect(53, address);
await once(socket, 'connect');
const samples: number[] = [];
for (let id = 0; id < Number(count) + WARM_UP; id++) {
  const began = performance.now();
  socket.send(question(id));
  const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
  if (id >= WARM_UP) samples.push(performance.now() - began);
  if (answer.readUInt16BE(6) !== 1) throw new Error(`${name} has no address`);
}
socket.close();
console.log(JSON.stringify(samples));

/** RFC 1035, 4.1: one question for the address of a name. */
function question(id: number): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const head = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

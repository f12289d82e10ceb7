import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface NameServer {
  readonly port: number;
  /** The names that it was asked for. */
  asked(): readonly string[];
  close(): void;
}

/** Answers A for these names, and that there is nothing for all else. */
export async function nameServer(
  address: string,
  hosts: Readonly<Record<string, string>>,
  port = 0,
): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4').bind(port, address);
  await once(socket, 'listening');
  socket.on('message', (query, from) => {
    const { name, end } = question(query);
    asked.push(name);
    const host = query.readUInt16BE(end - 4) === 1 ? hosts[name] : undefined;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(host === undefined && !(name in hosts) ? 0x8183 : 0x8180, 2);
    for (const [at, count] of [1, host === undefined ? 0 : 1, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * at);
    // A pointer to the question, A, IN, a TTL of one second, four bytes.
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...(host ?? '').split('.').map(Number)]);
    socket.send(
      Buffer.concat([header, query.subarray(12, end), ...(host === undefined ? [] : [record])]),
      from.port,
      from.address,
    );
  });
  return { port: socket.address().port, asked: () => asked, close: () => void socket.close() };
}

/** RFC 1035, 4.1.2 */
function question(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

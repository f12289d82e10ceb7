import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@nook/daemonapi';
import { answerQuery, failure, forbidden, type Host, questionName } from './answer.ts';

const UPSTREAM_MS = 5_000;
/** Questions on their way to the next server; a guest that asks more is refused. */
const MAX_ASKED = 256;
const MAX_CONNECTIONS = 64;
const IDLE_MS = 10_000;

/** Which guest may ask for which name. */
export interface GuestNames {
  /** @param name in small letters, without a dot at its end */
  mayAsk(from: string, name: string): boolean;
  /** Before the guest has the answer. What is thrown keeps it from it. */
  answered(from: string, name: string, answer: Buffer): Promise<void>;
}

interface NameServerOptions {
  readonly address: string;
  readonly port: number;
  /** The server that knows the rest; absent: nobody does. */
  readonly upstream?: { readonly address: string; readonly port: number } | undefined;
  readonly hosts: () => readonly Host[];
  /** Absent: every guest may ask for everything. */
  readonly guests?: GuestNames | undefined;
  readonly log: Logger;
}

interface Asker {
  readonly by: 'udp' | 'tcp';
  readonly from: string;
}

/** The name server of a network: what it does not know itself it asks the next one, by UDP and TCP as it was asked. */
export class NameServer {
  readonly #options: NameServerOptions;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  #asked = 0;

  private constructor(options: NameServerOptions) {
    this.#options = options;
    this.#udp = createSocket(options.address.includes(':') ? 'udp6' : 'udp4');
    this.#udp.on('message', (query, from) => {
      void this.#answer(query, { by: 'udp', from: from.address }).then((answer) => {
        if (answer) this.#udp.send(answer, from.port, from.address, () => {});
      });
    });
    this.#tcp = createServer((socket) => this.#serve(socket));
    this.#tcp.maxConnections = MAX_CONNECTIONS;
  }

  /** @throws when it cannot listen there */
  static async listen(options: NameServerOptions): Promise<NameServer> {
    const server = new NameServer(options);
    const { address, port } = options;
    server.#udp.bind({ address, port });
    server.#tcp.listen({ host: address, port });
    await Promise.all([once(server.#udp, 'listening'), once(server.#tcp, 'listening')]);
    for (const each of [server.#udp, server.#tcp]) {
      each.on('error', (error: Error) => options.log.warn({ error: error.message }, 'name server'));
    }
    return server;
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  async #answer(query: Buffer, { by, from }: Asker): Promise<Buffer | undefined> {
    const { guests } = this.#options;
    const name = questionName(query);
    if (name !== undefined && guests && !guests.mayAsk(from, name)) return forbidden(query);
    const verdict = answerQuery(query, this.#options.hosts());
    if (verdict === 'drop') return undefined;
    if (verdict !== 'forward') return verdict.answer;
    if (this.#options.upstream === undefined || this.#asked >= MAX_ASKED) return failure(query, 'REFUSED');
    this.#asked++;
    try {
      const answer = await (by === 'udp' ? askUdp : askTcp)(query, this.#options.upstream);
      if (name !== undefined) await guests?.answered(from, name, answer);
      return answer;
    } catch {
      return failure(query, 'SERVFAIL');
    } finally {
      this.#asked--;
    }
  }

  /** RFC 7766: messages with their length before them, one after the other. */
  #serve(socket: Socket): void {
    let rest = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy()).on('error', () => {});
    socket.on('data', async (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      socket.pause();
      for (let query = message(rest); query !== undefined; query = message(rest)) {
        rest = rest.subarray(2 + query.length);
        const answer = await this.#answer(query, { by: 'tcp', from: socket.remoteAddress ?? '' });
        if (answer) socket.write(framed(answer));
      }
      socket.resume();
    });
  }
}

type Upstream = NonNullable<NameServerOptions['upstream']>;

async function askUdp(query: Buffer, { address, port }: Upstream): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, address);
    const signal = AbortSignal.timeout(UPSTREAM_MS);
    await once(socket, 'connect', { signal });
    socket.send(query);
    for (;;) {
      const [answer] = (await once(socket, 'message', { signal })) as [Buffer];
      if (answer.length >= 2 && answer.readUInt16BE(0) === query.readUInt16BE(0)) return answer;
    }
  } finally {
    socket.close();
  }
}

async function askTcp(query: Buffer, { address, port }: Upstream): Promise<Buffer> {
  const socket = connect({ host: address, port });
  try {
    const signal = AbortSignal.timeout(UPSTREAM_MS);
    await once(socket, 'connect', { signal });
    socket.write(framed(query));
    let received = Buffer.alloc(0);
    for (;;) {
      const answer = message(received);
      if (answer !== undefined) return answer;
      const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
      received = Buffer.concat([received, chunk]);
    }
  } finally {
    socket.destroy();
  }
}

function message(bytes: Buffer): Buffer | undefined {
  const length = bytes.length < 2 ? undefined : bytes.readUInt16BE(0);
  return length === undefined || bytes.length < 2 + length ? undefined : bytes.subarray(2, 2 + length);
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body]);
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import packet, { type Answer, type Packet, type RecordType } from 'dns-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressesOf } from './addresses-of.ts';
import { answerQuery, failure } from './answer.ts';
import { NameServer } from './name-server.ts';

const HOSTS = [{ name: 'db', address: '10.77.0.2', address6: 'fd12:3:4::2' }];
const REVERSE6 = `2${'.0'.repeat(15)}.0.0.0.0.4.0.0.0.3.0.0.0.2.1.d.f.ip6.arpa`;

function query(name: string, type: RecordType = 'A'): Buffer {
  return packet.encode({ type: 'query', id: 77, flags: packet.RECURSION_DESIRED, questions: [{ name, type }] });
}

function answered(name: string, type: RecordType = 'A'): Packet & { readonly rcode?: string } {
  const verdict = answerQuery(query(name, type), HOSTS);
  if (typeof verdict === 'string') throw new Error(verdict);
  return packet.decode(verdict.answer);
}

describe('the name server of a network', () => {
  it.each([
    ['db.nook', 'A', '10.77.0.2'],
    ['DB.Nook', 'A', '10.77.0.2'],
    ['db.nook', 'AAAA', 'fd12:3:4::2'],
    ['2.0.77.10.in-addr.arpa', 'PTR', 'db.nook'],
    [REVERSE6, 'PTR', 'db.nook'],
  ] as const)('answers %s %s', (name, type, data) => {
    const answer = answered(name, type);
    expect(answer).toMatchObject({ id: 77, flag_aa: true, rcode: 'NOERROR', questions: [{ name }] });
    expect(answer.answers).toMatchObject([{ type, data, ttl: 1 }]);
  });

  it('says of its own domain what there is not', () => {
    expect(answered('web.nook')).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
    expect(answered('db.nook', 'MX')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(answered('nook', 'SOA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('leaves the rest to others, and what is no question alone', () => {
    expect(answerQuery(query('example.org'), HOSTS)).toBe('forward');
    expect(answerQuery(query('notnook'), HOSTS)).toBe('forward');
    expect(answerQuery(query('3.0.77.10.in-addr.arpa', 'PTR'), HOSTS)).toBe('forward');
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 1, 2]), Buffer.alloc(64, 255)])
      expect(answerQuery(bytes, HOSTS)).toBe('drop');
    expect(packet.decode(failure(query('x.org'), 'REFUSED') as Buffer)).toMatchObject({ rcode: 'REFUSED' });
  });

  it('asks the next server by UDP and TCP, and refuses where there is none', async () => {
    const log = Object.fromEntries(
      ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, () => {}]),
    ) as unknown as ConstructorParameters<typeof Object>[0];
    const listen = async (hosts: typeof HOSTS, upstream?: number) => {
      const port = await freePort();
      const server = await NameServer.listen({
        ...{ address: '127.0.0.1', port, hosts: () => hosts, log: log as never },
        ...(upstream === undefined ? {} : { upstream: { address: '127.0.0.1', port: upstream } }),
      });
      onTestFinished(() => server.close());
      return port;
    };
    const last = await listen([{ name: 'far', address: '10.9.9.9', address6: 'fd00::9' }]);
    const first = await listen(HOSTS, last);
    // Not of its domain, so that the second one is asked, which knows it.
    const name = '9.9.9.10.in-addr.arpa';
    expect(await askUdp(first, query(name, 'PTR'))).toMatchObject({ answers: [{ data: 'far.nook' }] });
    expect(await askTcp(first, query(name, 'PTR'))).toMatchObject({ answers: [{ data: 'far.nook' }] });
    expect(await askTcp(first, query('db.nook'))).toMatchObject({ answers: [{ data: '10.77.0.2' }] });
    expect(await askUdp(first, query('example.org'))).toMatchObject({ rcode: 'REFUSED' });
  });

  it('answers what a guest may ask, after it was told what is in the answer, and says why not otherwise', async () => {
    const told: unknown[] = [];
    let admits = true;
    const guests = {
      mayAsk: (from: string, name: string) => from === '127.0.0.1' && name !== 'secret.org',
      answered: async (_from: string, name: string, answer: Buffer) => {
        told.push([name, addressesOf(name, answer)]);
        if (!admits) throw new Error('no room');
      },
    };
    const upstream = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => void upstream.close());
    await once(upstream, 'listening');
    upstream.on('message', (bytes, { port }) => {
      const { id, questions } = packet.decode(bytes);
      const answers: Answer[] = [
        { type: 'CNAME', name: 'Example.ORG', data: 'cdn.example.net' },
        { type: 'A', name: 'cdn.example.net', ttl: 5, data: '198.51.100.9' },
        { type: 'AAAA', name: 'cdn.example.net', ttl: 7, data: '2001:db8::9' },
        { type: 'A', name: 'other.example.net', ttl: 5, data: '203.0.113.1' },
      ];
      upstream.send(packet.encode({ type: 'response', id: id as number, questions: questions ?? [], answers }), port);
    });
    const port = await freePort();
    const server = await NameServer.listen({
      ...{ address: '127.0.0.1', port, hosts: () => HOSTS, guests, log: { warn: () => {} } as never },
      upstream: { address: '127.0.0.1', port: upstream.address().port },
    });
    onTestFinished(() => server.close());
    expect((await askUdp(port, query('Example.org'))).answers).toHaveLength(4);
    // What nobody asked for is in the answer, and counts for nothing.
    expect(told).toEqual([
      [
        'example.org',
        [
          { address: '198.51.100.9', ttl: 5 },
          { address: '2001:db8::9', ttl: 7 },
        ],
      ],
    ]);
    admits = false;
    expect(await askUdp(port, query('example.org'))).toMatchObject({ rcode: 'SERVFAIL', answers: [] });
    const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, options: [] } as never;
    const extended = packet.encode({
      type: 'query',
      id: 1,
      questions: [{ name: 'Secret.org', type: 'A' }],
      additionals: [opt],
    });
    const refusal = await askUdp(port, extended);
    expect(refusal).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
    expect(JSON.stringify(refusal.additionals)).toContain('"code":15');
    expect(await askTcp(port, query('secret.org'))).toMatchObject({ rcode: 'NXDOMAIN', additionals: [] });
    expect(told).toHaveLength(2);
  });
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function askUdp(port: number, bytes: Buffer): Promise<Packet> {
  const socket = createSocket('udp4');
  socket.send(bytes, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return packet.decode(answer);
}

async function askTcp(port: number, bytes: Buffer): Promise<Packet> {
  const { connect } = await import('node:net');
  const socket = connect(port, '127.0.0.1').setNoDelay();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  // In two pieces, as a network may cut it.
  socket.write(Buffer.concat([length, bytes.subarray(0, 5)]));
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(bytes.subarray(5));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return packet.decode(answer.subarray(2));
}

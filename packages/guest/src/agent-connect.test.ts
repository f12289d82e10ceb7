import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { TestAgent, type TestSession } from './agent.fixture.ts';
import { FrameType, Stream } from './frame-type.ts';
import { encodeConnect } from './host-messages.ts';

interface Listening extends AsyncDisposable {
  readonly port: number;
}

async function listen(address: string, onConnection: (socket: Socket) => void): Promise<Listening> {
  const server: Server = createServer({ allowHalfOpen: true }, onConnection).listen(0, address);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() };
}

const connect = (agent: TestAgent, port: number): TestSession => agent.request(FrameType.CONNECT, encodeConnect(port));

test.each(['127.0.0.1', '::1'])('CONNECT reaches what listens on %s, both ways', async (address) => {
  await using echo = await listen(address, (socket) => socket.pipe(socket));
  await using agent = await TestAgent.start();
  const session = connect(agent, echo.port);
  const bytes = Buffer.alloc(1_000_000, 'every byte, in order; ');
  await session.write(bytes);
  session.end();
  expect(await session.ended).toMatchObject({ exit: { code: 0 }, stderr: '' });
  expect(session.bytes(Stream.STDOUT).equals(bytes)).toBe(true);
});

test('CONNECT ends when the other side does, whatever the host still has to say', async () => {
  await using greeter = await listen('127.0.0.1', (socket) => socket.end('hello'));
  await using agent = await TestAgent.start();
  expect(await connect(agent, greeter.port).ended).toMatchObject({ exit: { code: 0 }, stdout: 'hello' });
});

test('CONNECT to a port that nothing listens on says so', async () => {
  const { port } = await (async () => {
    await using gone = await listen('127.0.0.1', () => {});
    return gone;
  })();
  await using agent = await TestAgent.start();
  const { exit, stderr } = await connect(agent, port).ended;
  expect(exit).toEqual({ code: 1 });
  expect(stderr).toBe(`port ${port}: Connection refused\n`);
});

test('neither direction of CONNECT waits for the other', async () => {
  const taken = Promise.withResolvers<number>();
  await using flood = await listen('127.0.0.1', (socket) => {
    let size = 0;
    socket.on('data', (bytes) => {
      size += bytes.length;
    });
    socket.on('end', () => {
      taken.resolve(size);
      socket.end();
    });
    socket.write(Buffer.alloc(4_000_000));
  });
  await using agent = await TestAgent.start();
  const session = connect(agent, flood.port);
  session.hold = true;
  await session.until(({ received }) => received > 0);
  await session.write(Buffer.alloc(2_000_000));
  session.end();
  expect(await taken.promise).toBe(2_000_000);
  session.hold = false;
  session.credit(Stream.STDOUT, session.received);
  expect(await session.ended).toMatchObject({ exit: { code: 0 } });
  expect(session.received).toBe(4_000_000);
});

import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QmpClient } from './qmp-client.ts';

const GREETING = '{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7}},"capabilities":[]}}\n';

/** A scripted peer: for what a real QEMU does only when it is broken. */
async function pair(): Promise<{ client: QmpClient; peer: Socket } & AsyncDisposable> {
  const path = join(mkdtempSync(join(tmpdir(), 'qmp-')), 'qmp.sock');
  const server = createServer().listen(path);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { connect } = await import('node:net');
  const peer = connect(path);
  const [socket] = await accepted;
  return {
    client: new QmpClient(socket),
    peer,
    [Symbol.asyncDispose]: async () => {
      peer.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers each line that the client sends with what `answer` gives for it. */
function script(peer: Socket, answer: (command: { execute: string; id: number }) => string): void {
  peer.on('data', (chunk) => {
    for (const line of chunk.toString().trim().split('\n')) peer.write(answer(JSON.parse(line)));
  });
}

describe('QmpClient', () => {
  it('negotiates, matches answers by id, and passes events on', async () => {
    await using both = await pair();
    const { client, peer } = both;
    const events: string[] = [];
    client.onEvent = ({ event }) => events.push(event);
    const held: string[] = [];
    script(peer, ({ execute, id }) => {
      if (execute === 'qmp_capabilities') return `{"return":{},"id":${id}}\n`;
      held.push(`{"return":{"status":"${execute}"},"id":${id}}\n`);
      return held.length < 2
        ? '{"event":"STOP","timestamp":{"seconds":1,"microseconds":2}}\n'
        : held.reverse().join('');
    });
    peer.write(GREETING.slice(0, 10));
    peer.write(GREETING.slice(10));
    await client.negotiate(5_000);
    const answers = await Promise.all([client.execute('one', {}, 5_000), client.execute('two', {}, 5_000)]);
    expect(answers).toEqual([{ status: 'one' }, { status: 'two' }]);
    expect(events).toEqual(['STOP']);
  });

  it('says what QEMU refuses, in its words', async () => {
    await using both = await pair();
    script(both.peer, ({ id }) => `{"error":{"class":"GenericError","desc":"no such device"},"id":${id}}\n`);
    await expect(both.client.execute('device_del', {}, 5_000)).rejects.toMatchObject({
      code: 'operation_failed',
      message: 'QEMU: no such device',
    });
  });

  it('gives up on a QEMU that does not answer, greet, or stay', async () => {
    await using both = await pair();
    const { client, peer } = both;
    await expect(client.execute('query-status', {}, 20)).rejects.toMatchObject({ code: 'timeout' });
    await expect(client.negotiate(20)).rejects.toMatchObject({ code: 'timeout' });
    const lost = client.execute('quit', {}, 5_000);
    peer.destroy();
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
    await expect(client.execute('quit', {}, 5_000)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('drops a peer that does not speak QMP', async () => {
    await using both = await pair();
    both.peer.write('SSH-2.0-OpenSSH\n');
    await both.client.closed;
    await expect(both.client.execute('quit', {}, 5_000)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

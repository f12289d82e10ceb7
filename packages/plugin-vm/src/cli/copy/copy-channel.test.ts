import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { CopyRecord, encodeRecord } from '@nook/guest';
import { FrameChannel } from '@nook/wire';
import { describe, expect, it } from 'vitest';
import { AttachFrame } from '../../attach-protocol.ts';
import { CopyChannel } from './copy-channel.ts';

/** Both ends of a connection: the copy's, and one that a test plays the vmhost on. */
async function connection(): Promise<{ here: FrameChannel; vmhost: FrameChannel }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const socket = createConnection(port, '127.0.0.1');
  const [other] = await connected;
  server.close();
  return { here: new FrameChannel(socket), vmhost: new FrameChannel(other) };
}

const signal = new AbortController().signal;
const record = encodeRecord(CopyRecord.DATA, Buffer.alloc(60_000));

function credit(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(bytes);
  return payload;
}

describe('the channel of a copy', () => {
  it('sends no more than it was credited', async () => {
    const { here, vmhost } = await connection();
    const received: number[] = [];
    const arrived = new Promise<void>((resolve) => {
      vmhost.onFrame = (kind, payload) => {
        if (kind === AttachFrame.Stdin) received.push(payload.length);
        if (received.length === 2) resolve();
      };
    });
    using copy = new CopyChannel(here, { credit: 100_000, signal });
    let sent = 0;
    const sending = (async () => {
      for (; sent < 3; sent++) await copy.send(record);
      await copy.end();
    })();
    // One is sent, one waits for credit, and the third for that one.
    while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect({ sent, received }).toEqual({ sent: 2, received: [record.length] });
    vmhost.write(AttachFrame.StdinCredit, credit(1_000_000));
    await arrived;
    await sending;
    vmhost.write(AttachFrame.Exit, Buffer.from('{"code":0}'));
    vmhost.end();
    expect(await copy.ended).toEqual({ code: 0 });
  });

  it('ends with a reason when nothing moves, when the connection is lost, and when a record is refused', async () => {
    const silent = await connection();
    using stalled = new CopyChannel(silent.here, { credit: 0, signal, stallMs: 20 });
    await expect(stalled.ended).rejects.toThrow('Nothing of the copy has moved for 0.02 s.');
    expect(await stalled.send(record)).toBe(false);

    const cut = await connection();
    using lost = new CopyChannel(cut.here, { credit: 0, signal });
    cut.vmhost.destroy();
    await expect(lost.ended).rejects.toThrow('lost in the middle of the copy');

    const talking = await connection();
    const onRecord = () => {
      throw new Error('not this one');
    };
    using refusing = new CopyChannel(talking.here, { credit: 0, signal, onRecord });
    talking.vmhost.write(AttachFrame.Stdout, encodeRecord(CopyRecord.UP));
    await expect(refusing.ended).rejects.toThrow('not this one');
  });

  it('is given up when the command is', async () => {
    const { here } = await connection();
    const abort = new AbortController();
    using copy = new CopyChannel(here, { credit: 0, signal: abort.signal });
    const sending = copy.send(record).then(() => copy.end());
    abort.abort(new Error('interrupted'));
    await expect(copy.ended).rejects.toThrow('interrupted');
    await sending;
  });
});

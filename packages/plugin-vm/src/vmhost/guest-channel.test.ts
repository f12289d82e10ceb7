import { Duplex, duplexPair } from 'node:stream';
import { encodeFrame, type Frame, FrameParser, FrameType } from '@nook/guest';
import { describe, expect, it } from 'vitest';
import { GuestChannel } from './guest-channel.ts';

const silent = { started: () => {}, output: () => {}, stdinCredited: () => {}, finish: () => {} };

/** A channel, and the guest's end of its socket: the frames that it got, and a promise of the next one. */
function channel() {
  const [host, guest] = duplexPair();
  const parser = new FrameParser();
  const frames: Frame[] = [];
  let wake = () => {};
  guest.on('data', (chunk: Buffer) => {
    for (const frame of parser.push(chunk)) frames.push({ ...frame, payload: Buffer.from(frame.payload) });
    wake();
  });
  const until = async (count: number) => {
    while (frames.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return frames.map(({ type }) => type);
  };
  return { channel: new GuestChannel(host, () => {}), guest, until };
}

describe('a hold of the guest channel', () => {
  it('lasts from HELD to the release, and keeps back what is sent in between', async () => {
    const { channel: host, guest, until } = channel();
    const peer = host.exec({ argv: ['cat'] }, silent);
    const held = host.hold(10_000);
    peer.stdin(Buffer.from('kept back'));
    expect(await until(2)).toEqual([FrameType.EXEC, FrameType.HOLD]);
    guest.write(encodeFrame(FrameType.HELD));
    await held;
    peer.stdinEnd();
    expect(await until(2)).toHaveLength(2);
    host.release();
    expect((await until(4)).slice(2)).toEqual([FrameType.DATA, FrameType.END]);
    peer.stdinEnd();
    expect(await until(5)).toHaveLength(5);
  });

  it('is ended by a frame also when there is nothing to send', async () => {
    const { channel: host, guest, until } = channel();
    const held = host.hold(10_000);
    await until(1);
    guest.write(encodeFrame(FrameType.HELD));
    await held;
    host.release();
    host.release();
    expect(await until(2)).toEqual([FrameType.HOLD, FrameType.PING]);
  });

  it('is given up when the guest does not answer in time', async () => {
    const { channel: host, until } = channel();
    await expect(host.hold(20)).rejects.toThrow("The guest's agent did not pause its output within 0.02 s.");
    expect(await until(2)).toEqual([FrameType.HOLD, FrameType.PING]);
  });
});

it('writes frames of one turn in one piece', async () => {
  const pieces: number[] = [];
  const socket = new Duplex({
    read: () => {},
    writev: (chunks, done) => {
      pieces.push(chunks.length);
      done();
    },
  });
  const peer = new GuestChannel(socket, () => {}).exec({ argv: ['cat'] }, silent);
  peer.stdinEnd();
  await new Promise((resolve) => setImmediate(resolve));
  peer.signal(15);
  await new Promise((resolve) => setImmediate(resolve));
  expect(pieces).toEqual([2, 1]);
});

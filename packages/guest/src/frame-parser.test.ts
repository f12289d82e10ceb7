import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameParser } from './frame-parser.ts';
import { MAX_PAYLOAD } from './frame-type.ts';
import { encodeFrame, encodeFrameHeader, type Frame } from './frames.ts';
import { GuestProtocolError } from './protocol-error.ts';

const frame = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  channel: fc.integer({ min: 0, max: 0xffffffff }),
  stream: fc.integer({ min: 0, max: 255 }),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});
const encode = (f: Frame) => encodeFrame(f.type, f.channel, f.stream, f.payload);

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('FrameParser', () => {
  test('gives back any frames, however the stream is cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, cuts) => {
        const parser = new FrameParser();
        const got = cut(Buffer.concat(frames.map(encode)), cuts).flatMap((chunk) => parser.push(chunk));
        expect(got).toEqual(frames);
        expect(parser.pending).toBe(0);
      }),
    );
  });

  test('gives back frames fed byte by byte', () => {
    const frames = [
      { type: 7, channel: 1, stream: 1, payload: Buffer.from('abc') },
      { type: 8, channel: 1, stream: 1, payload: Buffer.alloc(0) },
    ];
    const parser = new FrameParser();
    const got = cut(Buffer.concat(frames.map(encode)), [1]).flatMap((chunk) => parser.push(chunk));
    expect(got).toEqual(frames);
  });

  test('does not copy a payload that lies whole in a chunk', () => {
    const chunk = encodeFrame(7, 1, 1, Buffer.from('abc'));
    const [got] = new FrameParser().push(chunk);
    expect(got?.payload.buffer).toBe(chunk.buffer);
  });

  test('any bytes are frames, an incomplete one, or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new FrameParser().push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(GuestProtocolError);
        }
      }),
    );
  });

  test('refuses an oversized frame by its header alone', () => {
    const header = encodeFrameHeader(7, 1, 1, MAX_PAYLOAD);
    header.writeUInt32LE(MAX_PAYLOAD + 1, 0);
    const push = () => new FrameParser().push(header);
    expect(push).toThrow(expect.objectContaining({ name: 'GuestProtocolError', code: 'oversized' }));
  });

  test('refuses reserved bytes that are set, also across chunks', () => {
    const header = encodeFrame(7, 1, 1);
    header[6] = 1;
    const parser = new FrameParser();
    parser.push(header.subarray(0, 5));
    expect(() => parser.push(header.subarray(5))).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});

test('encodeFrame refuses a payload beyond the limit', () => {
  expect(() => encodeFrame(7, 1, 1, Buffer.alloc(MAX_PAYLOAD + 1))).toThrow(GuestProtocolError);
  expect(encodeFrame(7, 1, 1, Buffer.alloc(MAX_PAYLOAD))).toHaveLength(MAX_PAYLOAD + 12);
});

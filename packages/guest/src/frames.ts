import { HEADER_SIZE, MAX_PAYLOAD } from './frame-type.ts';
import { GuestProtocolError } from './protocol-error.ts';

export interface Frame {
  /** One of {@link FrameType}; a newer peer may send others. */
  readonly type: number;
  readonly channel: number;
  readonly stream: number;
  /** May be a view of the chunk that was pushed: copy it to keep it. */
  readonly payload: Buffer;
}

/** The header of a frame whose payload of `size` bytes the caller writes after it. */
export function encodeFrameHeader(type: number, channel: number, stream: number, size: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, type, channel, stream, size);
  return header;
}

export function encodeFrame(type: number, channel = 0, stream = 0, payload: Uint8Array = EMPTY): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_SIZE + payload.length);
  writeHeader(frame, type, channel, stream, payload.length);
  frame.set(payload, HEADER_SIZE);
  return frame;
}

const EMPTY = Buffer.alloc(0);

function writeHeader(target: Buffer, type: number, channel: number, stream: number, size: number): void {
  if (size > MAX_PAYLOAD) {
    throw new GuestProtocolError('oversized', `A frame's payload has at most ${MAX_PAYLOAD} bytes, not ${size}.`);
  }
  target.writeUInt32LE(size, 0);
  target[4] = type;
  target[5] = stream;
  target.writeUInt16LE(0, 6);
  target.writeUInt32LE(channel, 8);
}

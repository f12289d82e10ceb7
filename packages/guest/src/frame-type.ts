/** The version of docs/guest-protocol.md that both ends speak. */
export const PROTOCOL_VERSION = 1;
/** Bytes of a frame's header. */
export const HEADER_SIZE = 12;
/** The most bytes that one frame's payload may have. */
export const MAX_PAYLOAD = 65_536;
/** Bytes that a sender may have outstanding on each stream of a channel before the first CREDIT. */
export const INITIAL_WINDOW = 262_144;

export const FrameType = {
  HELLO: 1,
  CONFIGURE: 2,
  CONFIGURED: 3,
  EXEC: 4,
  EXEC_STARTED: 5,
  EXEC_FAILED: 6,
  DATA: 7,
  END: 8,
  CREDIT: 9,
  EXIT: 10,
  SIGNAL: 11,
  RESIZE: 12,
  PING: 13,
  PONG: 14,
  POWEROFF: 15,
  ERROR: 16,
  COPY: 17,
  STATS: 18,
  LISTENERS: 19,
  HOLD: 20,
  HELD: 21,
  CONNECT: 22,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** The `stream` of DATA, END and CREDIT; 0 where it has no meaning. */
export const Stream = { STDIN: 0, STDOUT: 1, STDERR: 2 } as const;

export type Stream = (typeof Stream)[keyof typeof Stream];

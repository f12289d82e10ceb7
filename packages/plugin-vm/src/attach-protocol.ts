/**
 * Frames of an attach connection (a FrameChannel after `exec.attach`). The client may send as many bytes of stdin as
 * it was credited; output needs no credit, the socket's own flow control holds it back.
 */
export const AttachFrame = {
  /** client → vmhost: bytes for the command's standard input */
  Stdin: 1,
  /** client → vmhost: no more bytes */
  StdinEnd: 2,
  /** client → vmhost: u32 signal number */
  Signal: 3,
  /** client → vmhost: u16 rows, u16 columns */
  Resize: 4,
  /** vmhost → client */
  Stdout: 16,
  Stderr: 17,
  /** vmhost → client: u64, so many bytes of output were dropped before what follows */
  Gap: 18,
  /** vmhost → client: u32, so many more bytes of stdin may be sent */
  StdinCredit: 19,
  /** vmhost → client: JSON {@link SessionEnd}; the last frame */
  Exit: 20,
  /** vmhost → client: text, why the client must go while the session goes on; the last frame */
  Dismissed: 21,
} as const;

/** How a session ended. */
export type SessionEnd =
  | { readonly code: number }
  | { readonly signal: number }
  /** The command was not started; `errno` as in Linux. */
  | { readonly errno: number; readonly stage: string; readonly message: string }
  /** The machine ended under it. */
  | { readonly lost: string };

/** What `exec.attach` answers before the frames. */
export interface AttachResult {
  /** Where in the output (bytes of both streams together) the first frame stands. */
  readonly offset: number;
  /** Bytes of stdin that were taken from earlier clients. */
  readonly stdin_taken: number;
  /** Bytes of stdin that may be sent at once. */
  readonly stdin_credit: number;
  readonly state: 'running' | 'exited';
  /** The command has a terminal. Older vmhosts do not tell. */
  readonly pty?: boolean;
}

const ENOENT = 2;
const ENOTDIR = 20;

/** The exit code that a shell would give: N, 128+signal, 127 not found, 126 not executable, 125 for nook's own failures. */
export function exitCode(end: SessionEnd): number {
  if ('code' in end) return end.code;
  if ('signal' in end) return 128 + end.signal;
  if ('lost' in end || end.stage !== 'exec') return 125;
  return end.errno === ENOENT || end.errno === ENOTDIR ? 127 : 126;
}

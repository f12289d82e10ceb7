import { RpcClient } from '@nook/wire';

/** Where to attach to a session, as `vm.exec.start` answers. */
export interface Session {
  readonly socket: string;
  readonly session: string;
  readonly token: string;
}

export interface CommandEnd {
  /** `{ code }`, `{ signal }`, or why the command is lost; as docs/protocol.md has it. */
  readonly end: Readonly<Record<string, unknown>>;
  readonly stdout: string;
}

export interface Followed {
  /** Resolves with the first that it prints, and never when it prints nothing. */
  readonly said: Promise<void>;
  /** Rejects when the connection is lost before. */
  readonly ended: Promise<CommandEnd>;
  leave(): void;
}

/** Frames of an attached session, as docs/protocol.md has them. */
const STDOUT = 16;
const EXIT = 20;
const CONNECT_MS = 5_000;

/** Joins a session. */
export async function follow({ socket, session, token }: Session): Promise<Followed> {
  const client = await RpcClient.connect(socket, { timeoutMs: CONNECT_MS });
  const { channel } = await client.upgrade('exec.attach', { session, token }, { timeoutMs: CONNECT_MS });
  const chunks: Buffer[] = [];
  const said = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<CommandEnd>();
  ended.promise.catch(() => {});
  let end: CommandEnd['end'] | undefined;
  channel.onFrame = (kind, payload) => {
    if (kind === EXIT) end = JSON.parse(payload.toString()) as CommandEnd['end'];
    if (kind !== STDOUT) return;
    chunks.push(payload);
    said.resolve();
  };
  channel.onClose = () => {
    if (end === undefined) ended.reject(new Error('the connection to the session was lost'));
    else ended.resolve({ end, stdout: Buffer.concat(chunks).toString() });
  };
  return { said: said.promise, ended: ended.promise, leave: () => channel.destroy() };
}

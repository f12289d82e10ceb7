import { type Logger, NookError } from '@nook/daemonapi';
import type { Exec } from '@nook/guest';
import { randomBytes } from '@nook/wire';
import type { ExecRequest } from '../contract.ts';
import type { GuestChannel } from './guest-channel.ts';
import { Session, type SessionPeer } from './session.ts';

/** Ended sessions whose end nobody was told; beyond this many the oldest are forgotten. */
const MAX_ENDED = 64;
const MAX_SESSIONS = 250;
/** How long a session that must have a client waits for its first one. */
const FIRST_CLIENT_MS = 30_000;
/** A guest that has not even begun a command by then is stuck. */
const START_MS = 30_000;
const SIGHUP = 1;
const SIGKILL = 9;
const HANGUP_GRACE_MS = 5_000;

/** The user's login shell, as the guest knows it. */
const LOGIN_SHELL = ['/bin/sh', '-c', 'exec "$' + '{SHELL:-/bin/sh}" -l'];

interface TableOptions {
  /** The VM goes when its first session is over. */
  readonly autoRemove: () => boolean;
  readonly onOver: () => void;
  readonly log: Logger;
}

export interface ExecStart extends ExecRequest {
  readonly detach?: boolean | undefined;
}

/** The exec sessions of one VM. They live here, so that they outlive the daemon and every client. */
export class SessionTable {
  readonly #guest: () => GuestChannel | undefined;
  readonly #options: TableOptions;
  readonly #sessions = new Map<string, Session>();
  #nextId = 1;

  constructor(guest: () => GuestChannel | undefined, options: TableOptions) {
    this.#guest = guest;
    this.#options = options;
  }

  start(request: ExecStart): Session {
    const guest = this.#guest();
    if (!guest) throw new NookError('not_running', 'The VM has no agent to run commands.');
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new NookError('unavailable', `The VM has ${MAX_SESSIONS} sessions already.`, {
        hint: 'End some of them first.',
      });
    }
    const main = this.#options.autoRemove() && this.#nextId === 1;
    const argv = request.argv && request.argv.length > 0 ? request.argv : LOGIN_SHELL;
    let peer: SessionPeer | undefined;
    const session = new Session(
      {
        id: String(this.#nextId++),
        token: randomBytes(16).toString('hex'),
        argv,
        startedAt: Date.now(),
        holdForClient: !request.detach,
      },
      {
        stdin: (bytes) => peer?.stdin(bytes),
        stdinEnd: () => peer?.stdinEnd(),
        signal: (number) => peer?.signal(number),
        resize: (rows, columns) => peer?.resize(rows, columns),
        credit: (stream, bytes) => peer?.credit(stream, bytes),
      },
    );
    const disconnect = () => this.#disconnected(session, main, request.on_disconnect ?? 'keep', peer);
    session.onDisconnect = disconnect;
    session.onDelivered = () => this.#over(session, main, true);
    session.onEnd = () => {
      this.#options.log.info({ session: session.options.id, end: session.end }, 'session ended');
      if (!session.attached && !session.awaitsClient) this.#over(session, main, false);
    };
    peer = guest.exec(execOf(argv, request), {
      started: () => {
        clearTimeout(unanswered);
        this.#options.log.debug({ session: session.options.id }, 'session started');
      },
      output: (stream, bytes) => session.output(stream, bytes),
      stdinCredited: (bytes) => session.stdinCredited(bytes),
      finish: (end) => {
        clearTimeout(unanswered);
        session.finish(end);
      },
    });
    const unanswered = setTimeout(() => {
      session.finish({ lost: `the guest did not start it within ${START_MS / 1000} s` });
    }, START_MS).unref();
    this.#sessions.set(session.options.id, session);
    if (request.stdin === false) peer.stdinEnd();
    if (!request.detach) {
      setTimeout(() => {
        if (!session.awaitsClient) return;
        session.release();
        disconnect();
      }, FIRST_CLIENT_MS).unref();
    }
    return session;
  }

  /** A machine that is to go with its first session goes too when that session never comes. */
  expectFirst(): void {
    if (!this.#options.autoRemove()) return;
    setTimeout(() => {
      if (this.#nextId === 1) this.#options.onOver();
    }, FIRST_CLIENT_MS).unref();
  }

  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new NookError('not_found', `There is no session '${id}'.`, {
      hint: 'List them with: nook vm exec --list VM',
    });
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  #disconnected(session: Session, main: boolean, policy: 'keep' | 'kill', peer: SessionPeer | undefined): void {
    if (session.end || main) {
      this.#over(session, main, false);
      return;
    }
    if (policy === 'keep') return;
    this.#options.log.info({ session: session.options.id }, 'its client is gone, the session is ended');
    peer?.signal(SIGHUP);
    setTimeout(() => {
      if (!session.end) peer?.signal(SIGKILL);
    }, HANGUP_GRACE_MS).unref();
  }

  #over(session: Session, main: boolean, delivered: boolean): void {
    if (delivered) this.#sessions.delete(session.options.id);
    else this.#forgetOldest();
    if (main) this.#options.onOver();
  }

  #forgetOldest(): void {
    const ended = this.all().filter((session) => session.end && !session.attached);
    for (const session of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#sessions.delete(session.options.id);
    }
  }
}

function execOf(argv: readonly string[], { env, cwd, user, pty }: ExecStart): Exec {
  return {
    argv,
    ...(env ? { env: Object.fromEntries(env.map(variable)) } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
    ...(pty ? { pty: true, rows: pty.rows, columns: pty.columns } : {}),
  };
}

function variable(text: string): [string, string] {
  const split = text.indexOf('=');
  if (split > 0) return [text.slice(0, split), text.slice(split + 1)];
  throw new NookError('bad_params', `'${text}' is not a variable.`, { hint: 'Write it as NAME=value.' });
}

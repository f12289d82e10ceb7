import { type Logger, NookError } from '@nook/daemonapi';
import type { Exec } from '@nook/guest';
import { randomBytes } from '@nook/wire';
import type { CopyRequest, ExecRequest } from '../contract.ts';
import type { ChannelListener, GuestChannel } from './guest-channel.ts';
import { Session, type SessionOptions, type SessionPeer } from './session.ts';

/** Ended sessions whose end nobody was told; beyond this many, and after this long, the oldest are forgotten. */
const MAX_ENDED = 64;
const KEEP_ENDED_MS = 24 * 3_600_000;
const MAX_SESSIONS = 250;
/** How long a session that must have a client waits for its first one. */
const FIRST_CLIENT_MS = 30_000;
/** A guest that has not even begun a command by then is stuck. */
const START_MS = 30_000;
const SIGHUP = 1;
const SIGKILL = 9;
const HANGUP_GRACE_MS = 5_000;
const COPY_GRACE_MS = 30_000;

/** The user's login shell, as the guest knows it. */
const LOGIN_SHELL = ['/bin/sh', '-c', 'exec "$' + '{SHELL:-/bin/sh}" -l'];

interface TableOptions {
  /** The VM goes when its first session is over. */
  readonly autoRemove: boolean;
  readonly onOver: () => void;
  readonly keepEndedMs?: number;
  readonly log: Logger;
}

interface Opening extends Omit<SessionOptions, 'token' | 'startedAt'> {
  /** The VM goes with it. */
  readonly main: boolean;
  begin(guest: GuestChannel, listener: ChannelListener): SessionPeer;
  /** Its client is gone. */
  abandon(peer: SessionPeer, running: () => boolean): void;
}

export interface ExecStart extends ExecRequest {
  readonly detach?: boolean | undefined;
  /** nook's own work in the guest: not the session that the machine is there for. */
  readonly attendant?: boolean | undefined;
}

/** The exec sessions of one VM. They live here, so that they outlive the daemon and every client. */
export class SessionTable {
  readonly #guest: () => GuestChannel | undefined;
  readonly #options: TableOptions;
  readonly #sessions = new Map<string, Session>();
  #nextId = 1;
  #cameFirst = false;
  #nextCopy = 1;

  constructor(guest: () => GuestChannel | undefined, options: TableOptions) {
    this.#guest = guest;
    this.#options = options;
  }

  start(request: ExecStart): Session {
    const main = this.#options.autoRemove && !this.#cameFirst && request.attendant !== true;
    const argv = request.argv && request.argv.length > 0 ? request.argv : LOGIN_SHELL;
    const session = this.#open({
      ...{ id: String(this.#nextId), argv, main, holdForClient: !request.detach, pty: request.pty !== undefined },
      begin: (guest, listener) => guest.exec(execOf(argv, request), listener),
      abandon: (peer, running) => {
        if (request.on_disconnect === 'kill') hangUp(peer, running);
      },
    });
    this.#nextId++;
    this.#cameFirst ||= main;
    if (request.stdin === false) session.peer.stdinEnd();
    return session;
  }

  /** Begins a copy: a session whose streams carry records, and which lives no longer than its client. */
  copy(request: CopyRequest): Session {
    const { direction, path, rename, user, directory_only, follow } = request;
    return this.#open({
      id: `copy-${this.#nextCopy++}`,
      argv: ['copy', direction, path],
      ...{ main: false, holdForClient: true, pty: false, unlisted: true },
      begin: (guest, listener) =>
        guest.copy({ direction, path, name: rename, user, directoryOnly: directory_only, follow }, listener),
      abandon: (peer, running) => {
        // The end of the records lets it clean up; a slow disk may take its time, and no longer.
        if (direction === 'into') peer.stdinEnd();
        else peer.signal(SIGKILL);
        killLater(peer, running, COPY_GRACE_MS);
      },
    });
  }

  #open({ begin, abandon, main, ...options }: Opening): Session {
    const guest = this.#guest();
    if (!guest) throw new NookError('not_running', 'The VM has no agent to run commands.');
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new NookError('unavailable', `The VM has ${MAX_SESSIONS} sessions already.`, {
        hint: 'End some of them first.',
      });
    }
    let peer: SessionPeer | undefined;
    const session = new Session(
      { ...options, token: randomBytes(16).toString('hex'), startedAt: Date.now() },
      {
        stdin: (bytes) => peer?.stdin(bytes),
        stdinEnd: () => peer?.stdinEnd(),
        signal: (number) => peer?.signal(number),
        resize: (rows, columns) => peer?.resize(rows, columns),
        credit: (stream, bytes) => peer?.credit(stream, bytes),
      },
    );
    const disconnect = () => {
      if (session.end || main) this.#over(session, main, false);
      else abandon(session.peer, () => session.end === undefined);
    };
    session.onDisconnect = disconnect;
    session.onDelivered = () => this.#over(session, main, true);
    session.onEnd = () => {
      this.#options.log.info({ session: session.options.id, end: session.end }, 'session ended');
      if (!session.attached && !session.awaitsClient) this.#over(session, main, false);
    };
    peer = begin(guest, {
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
    if (options.holdForClient) {
      setTimeout(() => {
        if (!session.awaitsClient) return;
        session.release();
        disconnect();
      }, FIRST_CLIENT_MS).unref();
    }
    return session;
  }

  /** A machine that is to go with its first session goes too when that session never comes. */
  expectFirst(delayMs: number): void {
    if (!this.#options.autoRemove) return;
    setTimeout(() => {
      if (!this.#cameFirst) this.#options.onOver();
    }, FIRST_CLIENT_MS + delayMs).unref();
  }

  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new NookError('not_found', `There is no session '${id}'.`, {
      hint: 'List them with: nook vm exec --list VM',
    });
  }

  /** Without the copies. */
  listed(): readonly Session[] {
    return this.all().filter(({ options }) => options.unlisted !== true);
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  #over(session: Session, main: boolean, delivered: boolean): void {
    const { id, unlisted } = session.options;
    if (delivered || unlisted) this.#sessions.delete(id);
    else {
      this.#forgetOldest();
      setTimeout(() => this.#forgetEnded(id), this.#options.keepEndedMs ?? KEEP_ENDED_MS).unref();
    }
    if (main) this.#options.onOver();
  }

  #forgetEnded(id: string): void {
    const session = this.#sessions.get(id);
    if (session?.attached) session.clientGone.then(() => this.#sessions.delete(id));
    else this.#sessions.delete(id);
  }

  #forgetOldest(): void {
    const ended = this.all().filter((session) => session.end && !session.attached);
    for (const session of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#sessions.delete(session.options.id);
    }
  }
}

function hangUp(peer: SessionPeer, running: () => boolean): void {
  peer.signal(SIGHUP);
  killLater(peer, running, HANGUP_GRACE_MS);
}

function killLater(peer: SessionPeer, running: () => boolean, graceMs: number): void {
  setTimeout(() => {
    if (running()) peer.signal(SIGKILL);
  }, graceMs).unref();
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

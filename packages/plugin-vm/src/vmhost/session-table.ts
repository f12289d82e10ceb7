import { type Logger, NookError } from '@nook/daemonapi';
import type { Exec } from '@nook/guest';
import { randomBytes } from '@nook/wire';
import type { ConnectRequest, CopyRequest, ExecRequest } from '../contract.ts';
import type { ChannelListener, GuestChannel, GuestPeer } from './guest-channel.ts';
import type { SavedSessions } from './saved-sessions.ts';
import { Session, type SessionOptions } from './session.ts';

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
  readonly autoRemove: () => boolean;
  readonly onOver: () => void;
  /** A session began or ended, or a client came or went. */
  readonly onChange?: () => void;
  readonly keepEndedMs?: number;
  readonly log: Logger;
}

/** What a lost client means for a session. */
export interface SessionTerms {
  /** The VM goes with it. */
  readonly main: boolean;
  /** How a command that is to end with its client is told so. */
  readonly abandon: 'keep' | 'hang up' | 'end input' | 'kill';
}

interface Opening extends Omit<SessionOptions, 'token' | 'startedAt'>, SessionTerms {
  begin(guest: GuestChannel, listener: ChannelListener): GuestPeer;
}

interface Entry {
  readonly session: Session;
  readonly terms: SessionTerms;
  peer?: GuestPeer | undefined;
}

export interface ExecStart extends ExecRequest {
  readonly detach?: boolean | undefined;
  /** A session that was begun with this key is the answer, whether it has ended or not, and nothing is begun. */
  readonly key?: string | undefined;
  /** By which it wants to be ended when the machine is stopped, before all get SIGTERM. */
  readonly stop_signal?: number | undefined;
}

/** The exec sessions of one VM. They live here, so that they outlive the daemon and every client. */
export class SessionTable {
  readonly #guest: () => GuestChannel | undefined;
  readonly #options: TableOptions;
  readonly #sessions = new Map<string, Entry>();
  #nextId = 1;
  #cameFirst = false;
  #nextUnlisted = 1;
  #closed: string | undefined;

  constructor(guest: () => GuestChannel | undefined, options: TableOptions) {
    this.#guest = guest;
    this.#options = options;
  }

  start(request: ExecStart): Session {
    const begun = request.key === undefined ? undefined : this.all().find(({ options }) => options.key === request.key);
    if (begun) return begun;
    const main = this.#options.autoRemove() && !this.#cameFirst && request.attendant !== true;
    const argv = request.argv && request.argv.length > 0 ? request.argv : LOGIN_SHELL;
    const session = this.#open({
      ...{ id: String(this.#nextId), argv, main, holdForClient: !request.detach, pty: request.pty !== undefined },
      ...{ stopSignal: request.stop_signal, key: request.key },
      begin: (guest, listener) => guest.exec(execOf(argv, request), listener),
      abandon: request.on_disconnect === 'kill' ? 'hang up' : 'keep',
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
      id: `copy-${this.#nextUnlisted++}`,
      argv: ['copy', direction, path],
      ...{ main: false, holdForClient: true, pty: false, unlisted: true },
      begin: (guest, listener) =>
        guest.copy({ direction, path, name: rename, user, directoryOnly: directory_only, follow }, listener),
      abandon: direction === 'into' ? 'end input' : 'kill',
    });
  }

  /** Begins a connection to a port of the guest: to what listens there, or a command of its own. It lives no longer than its client. */
  connect(request: ConnectRequest): Session {
    const { port, command } = request;
    return this.#open({
      id: `connect-${this.#nextUnlisted++}`,
      argv: command?.argv ?? ['connect', String(port)],
      ...{ main: false, holdForClient: true, pty: false, unlisted: true },
      begin: (guest, listener) =>
        command ? guest.exec(execOf(command.argv, command), listener) : guest.connect(port, listener),
      abandon: command ? 'end input' : 'kill',
    });
  }

  /** Asks those that have a signal of their own for it to end, and waits until they have, at most `ms`. */
  async endByOwnSignals(ms: number): Promise<void> {
    const asked = this.all().filter(({ end, options }) => !end && options.stopSignal !== undefined);
    if (asked.length === 0) return;
    for (const session of asked) session.signal(Number(session.options.stopSignal));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, ms);
    await Promise.race([late.promise, Promise.all(asked.map(({ ended }) => ended))]);
    clearTimeout(timer);
  }

  /** Nothing of the sessions changes from now on; their clients are let go, told why. */
  close(why: string): void {
    this.#closed = why;
    for (const session of this.all()) session.dismiss(why);
  }

  reopen(): void {
    this.#closed = undefined;
  }

  /** All sessions, their output as it is in memory. */
  save(): { readonly saved: SavedSessions; readonly output: readonly Buffer[] } {
    const entries = [...this.#sessions.values()].filter(({ session }) => !session.delivered);
    const all = entries.map(({ session, terms, peer }) => ({ ...session.save(), terms, channel: peer?.channel ?? 0 }));
    return {
      saved: {
        next_id: this.#nextId,
        next_copy: this.#nextUnlisted,
        came_first: this.#cameFirst,
        sessions: all.map(({ saved, terms, channel }) => ({ ...saved, terms, channel })),
      },
      output: all.flatMap(({ output }) => output),
    };
  }

  /**
   * Goes on with sessions that were saved.
   * @param output of all sessions, one after the other
   * @param copy the machine is a copy: nobody who knows of these sessions is to get at them, and none is what it is there for
   */
  restore(saved: SavedSessions, output: Buffer, copy: boolean): void {
    this.#nextId = saved.next_id;
    this.#nextUnlisted = saved.next_copy;
    this.#cameFirst = saved.came_first || copy;
    let at = 0;
    for (const { terms, channel, ...state } of saved.sessions) {
      const bytes = state.pieces.reduce((sum, [, length]) => sum + length, 0);
      const options = copy ? { ...state.options, token: newToken(), holdForClient: false } : state.options;
      const entry = this.#enter(options, copy ? { ...terms, main: false } : terms);
      entry.session.restore(state, output.subarray(at, at + bytes));
      at += bytes;
      if (!state.end) entry.peer = this.#guest()?.adopt(channel, listener(entry.session));
      else this.#forgetLater(state.options.id);
    }
  }

  /** The guest runs again: what was restored goes on without a client. */
  goOn(): void {
    for (const { session, terms, peer } of this.#sessions.values()) {
      if (session.options.unlisted && peer) this.#abandon(session, { ...terms, main: false });
      else if (session.awaitsClient) this.#awaitClient(session);
      else session.release();
    }
  }

  #open({ begin, abandon, main, ...options }: Opening): Session {
    const guest = this.#guest();
    if (!guest) throw new NookError('not_running', 'The VM has no agent to run commands.');
    this.#requireOpen();
    if (this.#sessions.size >= MAX_SESSIONS) {
      throw new NookError('unavailable', `The VM has ${MAX_SESSIONS} sessions already.`, {
        hint: 'End some of them first.',
      });
    }
    const terms = { main, abandon };
    const entry = this.#enter({ ...options, token: newToken(), startedAt: Date.now() }, terms);
    const { session } = entry;
    try {
      entry.peer = begin(
        guest,
        listener(session, () => clearTimeout(unanswered)),
      );
    } catch (error) {
      this.#sessions.delete(options.id);
      throw error;
    }
    const unanswered = setTimeout(() => {
      session.finish({ lost: `the guest did not start it within ${START_MS / 1000} s` });
    }, START_MS).unref();
    if (options.holdForClient) this.#awaitClient(session);
    return session;
  }

  #enter(options: SessionOptions, terms: SessionTerms): Entry {
    const session: Session = new Session(options, {
      stdin: (bytes) => entry.peer?.stdin(bytes),
      stdinEnd: () => entry.peer?.stdinEnd(),
      signal: (number) => entry.peer?.signal(number),
      resize: (rows, columns) => entry.peer?.resize(rows, columns),
      credit: (stream, bytes) => entry.peer?.credit(stream, bytes),
    });
    const entry: Entry = { session, terms };
    session.onDisconnect = () => this.#abandon(session, terms);
    session.onDelivered = () => this.#over(session, terms.main, true);
    session.onEnd = () => {
      this.#options.onChange?.();
      this.#options.log.info({ session: session.options.id, end: session.end }, 'session ended');
      if (!session.attached && !session.awaitsClient) this.#over(session, terms.main, false);
    };
    this.#sessions.set(options.id, entry);
    this.#options.onChange?.();
    return entry;
  }

  /** Its client is gone. */
  #abandon(session: Session, { main, abandon }: SessionTerms): void {
    if (session.end || main) {
      this.#over(session, main, false);
      return;
    }
    const { peer } = session;
    if (abandon === 'keep') return;
    if (abandon === 'hang up') peer.signal(SIGHUP);
    // The end of the records lets a copy clean up; a slow disk may take its time, and no longer.
    else if (abandon === 'end input') peer.stdinEnd();
    else peer.signal(SIGKILL);
    setTimeout(
      () => {
        if (!session.end) peer.signal(SIGKILL);
      },
      abandon === 'hang up' ? HANGUP_GRACE_MS : COPY_GRACE_MS,
    ).unref();
  }

  #awaitClient(session: Session): void {
    setTimeout(() => {
      if (!session.awaitsClient) return;
      session.release();
      session.onDisconnect();
    }, FIRST_CLIENT_MS).unref();
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw new NookError('not_running', `No session can be used: ${this.#closed}.`);
  }

  /** A machine that is to go with its first session goes too when that session never comes, and nobody makes it ready for one. */
  expectFirst(delayMs: number): void {
    if (!this.#options.autoRemove()) return;
    setTimeout(() => {
      if (this.#cameFirst) return;
      if (this.inUse) this.expectFirst(0);
      else this.#options.onOver();
    }, FIRST_CLIENT_MS + delayMs).unref();
  }

  /** @param token when given, of another session with this id there is none: a boot counts anew */
  get(id: string, token?: unknown): Session {
    this.#requireOpen();
    const session = this.#sessions.get(id)?.session;
    if (session && (token === undefined || token === session.options.token)) return session;
    throw new NookError('not_found', `There is no session '${id}'.`, {
      hint: 'List them with: nook vm exec --list VM',
    });
  }

  /** Without copies and connections. */
  listed(): readonly Session[] {
    return this.all().filter(({ options }) => options.unlisted !== true);
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()].map(({ session }) => session);
  }

  /** A command of somebody's runs, or a client has not got all of it yet. */
  get inUse(): boolean {
    return this.all().some((session) => !session.end || session.attached);
  }

  #over(session: Session, main: boolean, delivered: boolean): void {
    const { id, unlisted } = session.options;
    if (delivered || unlisted) this.#sessions.delete(id);
    else {
      this.#forgetOldest();
      this.#forgetLater(id);
    }
    this.#options.onChange?.();
    if (main) this.#options.onOver();
  }

  #forgetLater(id: string): void {
    setTimeout(() => this.#forgetEnded(id), this.#options.keepEndedMs ?? KEEP_ENDED_MS).unref();
  }

  #forgetEnded(id: string): void {
    const session = this.#sessions.get(id)?.session;
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

function newToken(): string {
  return randomBytes(16).toString('hex');
}

/** @param answered called when the guest has begun it, or ended it */
function listener(session: Session, answered: () => void = () => {}): ChannelListener {
  return {
    started: answered,
    output: (stream, bytes) => session.output(stream, bytes),
    stdinCredited: (bytes) => session.stdinCredited(bytes),
    finish: (end) => {
      answered();
      session.finish(end);
    },
  };
}

function execOf(argv: readonly string[], { env, cwd, user, pty }: Omit<ExecRequest, 'argv'>): Exec {
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

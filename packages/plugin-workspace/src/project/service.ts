import { randomUUID } from 'node:crypto';
import { type Clock, isNookError, type Logger } from '@nook/daemonapi';
import { endSession } from './end-session.ts';
import { hasSecrets } from './has-secrets.ts';
import type { ServiceDefinition, SessionsNeed } from './project-contract.ts';
import type { ServiceRecord, ServiceRecords, ServiceRun, ServiceSession } from './service-records.ts';
import { planServiceRestart } from './service-restart.ts';

const KEPT_SESSIONS = 5;

export const NEW_RUN: ServiceRun = { state: 'stopped', earlier: [], restarts: 0, ends: 0 };

export interface ServiceParts {
  readonly vms: SessionsNeed;
  readonly records: ServiceRecords;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One command that is kept running in one VM. What it does, it does in turn. */
export class Service {
  readonly vm: string;
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly #parts: ServiceParts;
  #run: ServiceRun;
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  #following: AbortController | undefined;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  constructor({ vm, name, definition, run }: ServiceRecord, parts: ServiceParts) {
    this.vm = vm;
    this.name = name;
    this.definition = definition;
    this.#run = run;
    this.#parts = parts;
  }

  get run(): ServiceRun {
    return this.#run;
  }

  /** Settles when it stands another way than now. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Somebody wants it to run: anew, unless it does, or has done what it had to. */
  begin(opId: string): Promise<void> {
    return this.#inTurn(async () => {
      const { state, exit_code } = this.#run;
      if (state === 'running' || state === 'restarting' || (state === 'exited' && exit_code === 0)) return;
      const key = state === 'starting' ? this.#run.key : undefined;
      await this.#start(opId, { restarts: 0, ends: 0 }, key);
    });
  }

  /** The VM can be asked. @param booted nothing of before runs there */
  reach(opId: string, booted: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const { state, session } = this.#run;
      if (booted) await this.#start(opId, { restarts: 0, ends: 0, earlier: [], session: undefined });
      else if (state === 'starting') await this.#start(opId, {}, this.#run.key);
      else if (state === 'running' && session) this.#follow(session, opId);
      else if (state === 'restarting') this.#arm();
    });
  }

  /** Ends it, within its grace period, and leaves it so. */
  stop(opId: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#forget();
      const { session, state } = this.#run;
      if (session && state === 'running') await this.#end(session, opId);
      this.#set({ state: 'stopped', next_at: undefined, reason: undefined });
    });
  }

  /** Nothing is started any more; what runs goes on, and is left to the next daemon. */
  close(): void {
    this.#closed = true;
    this.#forget();
  }

  /**
   * Written down before it is done: a daemon that dies in between leaves a key, by which the next one finds what it began.
   * @param before what else is so from now on
   */
  async #start(opId: string, before: Partial<ServiceRun> = {}, key: string = randomUUID()): Promise<void> {
    this.#forget();
    const { vms, clock, log } = this.#parts;
    const { argv, env, cwd, user, secrets } = this.definition;
    const { session: last, earlier } = { ...this.#run, ...before };
    const history = last === undefined ? earlier : [...earlier, last.session].slice(-KEPT_SESSIONS);
    this.#set({ ...before, state: 'starting', key, earlier: history, session: undefined, next_at: undefined });
    const caller = { opId, signal: this.#newSignal() };
    try {
      if (secrets.length > 0 && !(await hasSecrets(vms, { vm: this.vm, secrets, caller }))) {
        this.#set({ state: 'waiting', reason: 'its secrets are not in the machine: nook up' });
        return;
      }
      const session = await vms.startSession(this.vm, { argv, env, cwd, user, key }, caller);
      log.info({ vm: this.vm, service: this.name, session: session.session }, 'service started');
      this.#set({ state: 'running', session, started_at: clock.now(), reason: undefined });
      this.#follow(session, opId);
    } catch (error) {
      this.#notStarted(error as Error);
    }
  }

  /** Of a VM that does not run the next boot begins it; else it is tried again. */
  #notStarted(error: Error): void {
    if (this.#closed) return;
    const { clock, log } = this.#parts;
    log.warn({ vm: this.vm, service: this.name, error: error.message }, 'service not started');
    const ended = { at: clock.now(), exit_code: undefined, up_since: undefined };
    this.#set({ ...planServiceRestart('always', this.#run, ended), state: 'restarting', reason: error.message });
    if (!isNookError(error) || (error.code !== 'not_running' && error.code !== 'not_found')) this.#arm();
  }

  #follow(session: ServiceSession, opId: string): void {
    this.#forget();
    const caller = { opId, signal: this.#newSignal() };
    this.#armLimit(session, opId);
    this.#parts.vms.sessionEnd(this.vm, session, caller).then(
      ({ exit_code, ended_at }) => {
        // The VM ended under it: its next boot begins it.
        if (exit_code !== undefined) this.#onEnd(session, exit_code, ended_at);
      },
      (error) => {
        const unknown = isNookError(error) && error.code === 'not_found';
        if (unknown && !caller.signal.aborted) this.#onEnd(session, undefined, this.#parts.clock.now());
      },
    );
  }

  #onEnd(session: ServiceSession, exit_code: number | undefined, ended_at: number): void {
    void this.#inTurn(async () => {
      const { session: current, state, started_at } = this.#run;
      if (this.#closed || state !== 'running' || current?.token !== session.token) return;
      this.#forget();
      const ended = { at: ended_at, exit_code, up_since: started_at };
      const plan = planServiceRestart(this.definition.restart, this.#run, ended);
      this.#parts.log.info({ vm: this.vm, service: this.name, exit_code, ...plan }, 'service ended');
      this.#set({ ...plan, state: plan.next_at === undefined ? 'exited' : 'restarting', exit_code, ended_at });
      this.#arm();
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { next_at, restarts } = this.#run;
    if (next_at === undefined || this.#closed) return;
    const wait = Math.max(next_at - this.#parts.clock.now(), 0);
    this.#timer = setTimeout(() => {
      void this.#inTurn(async () => {
        if (this.#run.state === 'restarting') await this.#start(this.#opId(), { restarts: restarts + 1 });
      });
    }, wait).unref();
  }

  #armLimit(session: ServiceSession, opId: string): void {
    const { timeout_ms } = this.definition;
    if (timeout_ms === undefined) return;
    const wait = Math.max((this.#run.started_at ?? 0) + timeout_ms - this.#parts.clock.now(), 0);
    this.#limit = setTimeout(() => {
      void this.#inTurn(async () => {
        if (this.#run.session?.token !== session.token || this.#run.state !== 'running') return;
        this.#forget();
        await this.#end(session, opId);
        // However it ended, it has failed.
        this.#onEnd(session, undefined, this.#parts.clock.now());
      });
    }, wait).unref();
  }

  async #end(session: ServiceSession, opId: string): Promise<void> {
    const { stop_signal: signal, grace_ms: graceMs } = this.definition;
    if (await endSession(this.#parts.vms, { vm: this.vm, session, opId, signal, graceMs })) return;
    this.#parts.log.warn({ vm: this.vm, service: this.name }, 'service did not end');
  }

  #newSignal(): AbortSignal {
    this.#following = new AbortController();
    return this.#following.signal;
  }

  #forget(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#limit);
    this.#following?.abort();
    this.#following = undefined;
  }

  #opId(): string {
    return `op-service-${this.name}`.slice(0, 64);
  }

  #set(change: Partial<ServiceRun>): void {
    this.#run = { ...this.#run, ...change };
    const { vm, name, definition } = this;
    this.#parts.records.set({ vm, name, definition, run: this.#run });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => (this.#closed ? undefined : work()));
    this.#turn = turn.catch((error: unknown) => {
      this.#parts.log.error({ vm: this.vm, service: this.name, error: String(error) }, 'service');
    });
    return turn;
  }
}

import type { Clock } from '@nook/daemonapi';
import { LONGEST_TIMER_MS } from '../longest-timer.ts';
import type { Life } from './life.ts';
import { type Ended, NO_RESTARTS, planRestart, type RestartState, restarting } from './restart-plan.ts';
import { NO_RESTART } from './restart-policy.ts';
import type { SupervisionRecord, SupervisionRecords } from './supervision-records.ts';

interface Supervised {
  readonly id: string;
  readonly records: SupervisionRecords;
  readonly clock: Clock;
  readonly life: () => Life;
  /** The machine runs, or is on its way, as it is first seen. */
  readonly live: boolean;
  /** It is to be started now, by nobody's request. */
  readonly start: () => void;
}

/** What one machine is meant to be, and the start that is due to make it so. */
export class Supervision {
  readonly #supervised: Supervised;
  #record: SupervisionRecord;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(supervised: Supervised) {
    this.#supervised = supervised;
    this.#record = supervised.records.of(supervised.id) ?? {
      desired: supervised.live ? 'running' : 'stopped',
      restart: NO_RESTARTS,
    };
  }

  view(): { readonly desired: 'running' | 'stopped'; readonly restarts: number; readonly next_restart_at?: number } {
    const { desired, restart } = this.#record;
    return {
      desired,
      restarts: restart.restarts,
      ...(restart.next_at === undefined ? {} : { next_restart_at: restart.next_at }),
    };
  }

  /** Somebody asked for it: what was due is due no more. */
  asked(desired: 'running' | 'stopped'): void {
    clearTimeout(this.#timer);
    const { restart } = this.#record;
    this.#set({ desired, restart: desired === 'running' ? NO_RESTARTS : { ...restart, next_at: undefined } });
  }

  /** @returns the cause, when it ended too often and is left alone from now on */
  onEnd(ended: Ended): string | undefined {
    if (this.#record.desired === 'stopped') return undefined;
    clearTimeout(this.#timer);
    const decision = planRestart(this.#supervised.life().restart ?? NO_RESTART, this.#record.restart, ended);
    // It ended as it should: nobody misses it.
    const over = decision.what === 'leave' && !ended.failed && ended.by !== 'asked' && ended.by !== 'host';
    this.#set({ desired: over ? 'stopped' : 'running', restart: decision.state });
    this.#arm();
    return decision.what === 'give_up' ? decision.cause : undefined;
  }

  /** The daemon found it at its own start, not running. */
  recover({ rebooted }: { readonly rebooted: boolean }): void {
    const { desired, restart } = this.#record;
    if (desired === 'stopped') return;
    if (restart.next_at === undefined) {
      if (!this.#supervised.life().autostart || (restart.gave_up && !rebooted)) return;
      this.#set({ desired, restart: { ...NO_RESTARTS, next_at: this.#supervised.clock.now() } });
    }
    this.#arm();
  }

  /** The policy or what else decides is another one. */
  changed(): void {
    if ((this.#supervised.life().restart?.mode ?? 'no') !== 'no') return;
    clearTimeout(this.#timer);
    this.#set({ ...this.#record, restart: { ...this.#record.restart, next_at: undefined } });
  }

  /** Whether a start that was due still is. */
  get due(): boolean {
    return this.#record.desired === 'running' && this.#record.restart.next_at !== undefined;
  }

  /** A start that was due begins; it stays due until it came about, also for the next daemon. */
  onStart(): void {
    this.#setRestart(restarting(this.#record.restart));
  }

  /** A start that was due came about. */
  onUp(): void {
    this.#setRestart({ ...this.#record.restart, next_at: undefined });
  }

  /** Nothing is started any more; what is due is left to the next daemon. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.#record.restart.next_at;
    if (at === undefined || this.#closed) return;
    const wait = at - this.#supervised.clock.now();
    this.#timer = setTimeout(
      () => (wait > LONGEST_TIMER_MS ? this.#arm() : this.#supervised.start()),
      Math.min(Math.max(wait, 0), LONGEST_TIMER_MS),
    ).unref();
  }

  #setRestart(restart: RestartState): void {
    this.#set({ ...this.#record, restart });
  }

  #set(record: SupervisionRecord): void {
    this.#record = record;
    this.#supervised.records.set(this.#supervised.id, record);
  }
}

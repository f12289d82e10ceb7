import {
  agentGraceMs,
  beginStop,
  escalate,
  forceStop,
  joinStop,
  nextStageAt,
  type StopAbilities,
  type StopPlan,
  type StopStage,
} from './stop-plan.ts';

interface StopEffects {
  abilities(): StopAbilities;
  act(stage: StopStage, agentGraceMs: number): void;
}

/** Carries out a {@link StopPlan}: acts, waits until the next stage is due, escalates. */
export class MachineStop {
  readonly #effects: StopEffects;
  readonly #now: () => number;
  #plan: StopPlan | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(effects: StopEffects, now: () => number) {
    this.#effects = effects;
    this.#now = now;
  }

  begin(timeoutMs: number): void {
    const abilities = this.#effects.abilities();
    const plan = joinStop(beginStop(this.#now(), timeoutMs, abilities), abilities, this.#plan);
    if (plan) this.#enter(plan);
  }

  force(): void {
    const plan = forceStop(this.#now(), this.#effects.abilities(), this.#plan);
    if (this.#plan?.stage !== 'kill') this.#enter(plan);
  }

  done(): void {
    clearTimeout(this.#timer);
  }

  #enter(plan: StopPlan): void {
    clearTimeout(this.#timer);
    this.#plan = plan;
    this.#effects.act(plan.stage, agentGraceMs(plan));
    const due = nextStageAt(plan);
    if (due === undefined) return;
    this.#timer = setTimeout(
      () => this.#enter(escalate(plan, this.#effects.abilities())),
      Math.max(0, due - this.#now()),
    );
  }
}

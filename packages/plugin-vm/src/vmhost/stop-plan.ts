/** The ways to end a machine, gentlest first. */
export const STOP_STAGES = ['agent', 'powerdown', 'quit', 'kill'] as const;
export type StopStage = (typeof STOP_STAGES)[number];

/** A stop in progress. Times are milliseconds of one monotonic clock. */
export interface StopPlan {
  readonly startedAt: number;
  /** The machine is gone by then, whatever it takes. */
  readonly deadline: number;
  readonly stage: StopStage;
}

export interface StopAbilities {
  /** The agent's channel is up. */
  readonly agent: boolean;
  /** The machine can press its power button. */
  readonly powerdown: boolean;
  /** The machine takes orders. */
  readonly quit: boolean;
}

/** By which part of the whole time a stage must have worked, before the next one is tried. */
const SHARE: Record<StopStage, number> = { agent: 0.7, powerdown: 0.85, quit: 0.95, kill: 1 };

/** What is left for the machine to leave by itself when a stop is forced. */
const FORCED_MS = 1_000;

export function beginStop(now: number, timeoutMs: number, abilities: StopAbilities): StopPlan {
  return { startedAt: now, deadline: now + timeoutMs, stage: firstPossible('agent', abilities) };
}

/**
 * The plan after one more stop was asked for; undefined when the one in flight stays as it is. A second stop may only
 * shorten: it ends no later, and what was tried already is not tried again.
 */
export function joinStop(fresh: StopPlan, abilities: StopAbilities, inFlight?: StopPlan): StopPlan | undefined {
  if (!inFlight) return fresh;
  if (inFlight.stage === 'kill' || fresh.deadline >= inFlight.deadline) return undefined;
  return { ...fresh, stage: firstPossible(inFlight.stage, abilities) };
}

/** A stop that asks nobody, or the escalation of one in flight: `quit` at once, SIGKILL soon after. */
export function forceStop(now: number, abilities: StopAbilities, inFlight?: StopPlan): StopPlan {
  const deadline = Math.min(now + FORCED_MS, inFlight?.deadline ?? Number.POSITIVE_INFINITY);
  return { startedAt: now, deadline, stage: firstPossible('quit', abilities) };
}

/** When the next stage is due if the machine still runs; undefined after the last one. */
export function nextStageAt(plan: StopPlan): number | undefined {
  if (plan.stage === 'kill') return undefined;
  return plan.startedAt + (plan.deadline - plan.startedAt) * SHARE[plan.stage];
}

export function escalate(plan: StopPlan, abilities: StopAbilities): StopPlan {
  const next = STOP_STAGES[STOP_STAGES.indexOf(plan.stage) + 1] ?? 'kill';
  return { ...plan, stage: firstPossible(next, abilities) };
}

/** Milliseconds that the agent gives the guest's processes between SIGTERM and SIGKILL. */
export function agentGraceMs(plan: StopPlan): number {
  return Math.round((plan.deadline - plan.startedAt) * SHARE.agent * 0.6);
}

/** The gentlest of the stages from `stage` on that there is a way to. */
function firstPossible(stage: StopStage, abilities: StopAbilities): StopStage {
  const from = STOP_STAGES.slice(STOP_STAGES.indexOf(stage));
  return from.find((candidate) => candidate === 'kill' || abilities[candidate]) ?? 'kill';
}

import type { Clock } from '@nook/daemonapi';
import type { BootStep } from '../contract.ts';
import { passGate, type Stepping } from '../gate.ts';

/** One step of a start. What `undo` finds may be half done: it is called for the failing step too. */
export interface Step<Context> {
  readonly name: string;
  run(context: Context): void | Promise<void>;
  undo?(context: Context): void | Promise<void>;
}

interface StepObserver {
  /** Before each step; may throw, which fails the step. */
  onStep(name: string): void;
  /** What the names of the steps' gates begin with; absent: `start`. */
  readonly gates?: Stepping;
}

/**
 * Runs steps in order. When one fails, undoes it and those before it, in reverse, and throws its error; errors of
 * undoing are joined to it in an AggregateError.
 */
export async function runSteps<Context>(
  steps: readonly Step<Context>[],
  context: Context,
  clock: Clock,
  observer: StepObserver,
): Promise<BootStep[]> {
  const began = clock.monotonic();
  const done: BootStep[] = [];
  for (const [index, step] of steps.entries()) {
    const at = clock.monotonic();
    try {
      observer.onStep(step.name);
      await step.run(context);
      await passGate(`${observer.gates ?? 'start'}.${step.name}`);
    } catch (error) {
      await undo(steps.slice(0, index + 1), context, error);
    }
    done.push({
      name: step.name,
      at_ms: Math.round(at - began),
      duration_ms: Math.round(clock.monotonic() - at),
    });
  }
  return done;
}

async function undo<Context>(steps: readonly Step<Context>[], context: Context, error: unknown): Promise<never> {
  const errors: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step.undo?.(context);
    } catch (undoing) {
      errors.push(new Error(`undoing '${step.name}' failed`, { cause: undoing }));
    }
  }
  if (errors.length === 0) throw error;
  throw new AggregateError([error, ...errors], (error as Error).message, { cause: error });
}

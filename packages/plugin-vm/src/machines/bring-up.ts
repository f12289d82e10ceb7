import { isNookError, type Progress } from '@nook/daemonapi';
import type { BootStep, CameUp } from '../contract.ts';
import type { StartFeatures } from '../features/start-features.ts';
import { CLAIM_STEPS } from '../pool/claim-steps.ts';
import type { Claim } from '../pool/pool.ts';
import type { SavedManifest } from '../saved/saved-machine.ts';
import { cannotResume } from '../saved/suspend.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import type { MachineRecord } from './records.ts';
import { newToken, RESUME_STEPS, START_STEPS, type StartContext } from './start-steps.ts';
import { runSteps, type Step } from './step-runner.ts';

export interface StartRequest {
  /** A session is to follow at once. */
  readonly sessionExpected: boolean;
  /** A suspended VM is booted, and its memory thrown away. */
  readonly discardMemory?: boolean | undefined;
  /** Nobody asked for it but the policy of the machine. */
  readonly supervised?: boolean;
}

interface StartOptions extends StartRequest {
  readonly boot: number;
  /** It goes on from there. */
  readonly saved?: SavedManifest | undefined;
}

interface Started {
  readonly context: StartContext;
  readonly steps: BootStep[];
  readonly came_up: CameUp;
  /** Why not a quicker way. */
  readonly fallback?: string;
}

interface Starting {
  readonly record: MachineRecord;
  readonly dir: string;
  readonly features: StartFeatures;
  readonly dependencies: Dependencies;
}

/** One start of one machine. */
export class BringUp {
  readonly #starting: Starting;
  readonly #caller: Caller;
  readonly #options: StartOptions;

  constructor(starting: Starting, caller: Caller, options: StartOptions) {
    this.#starting = starting;
    this.#caller = caller;
    this.#options = options;
  }

  /** The quickest way that works; what did not is said. */
  async run(claim: Claim | undefined): Promise<Started> {
    if (this.#options.saved) return this.#resume();
    if (!claim) return this.#startOrBoot();
    try {
      return await this.#becomeOf(claim);
    } catch (error) {
      if (this.#caller.signal.aborted) throw error;
      const why = `the machine of the pool could not be used: ${(error as Error).message}`;
      this.#caller.progress({ stage: 'claim', message: why });
      const started = await this.#startOrBoot();
      return { ...started, fallback: [why, started.fallback].filter(Boolean).join('; ') };
    }
  }

  async #becomeOf({ member, context: known, steps }: Claim): Promise<Started> {
    const { token, vmhost, run } = member.record;
    const context: StartContext = {
      ...known,
      ...this.#context({ cold: false }),
      caller: this.#telling(() => 'pool'),
      ...{ token, vmhost, link: member.link, limits: run.limits },
    };
    const before = steps.reduce((sum, { duration_ms }) => sum + duration_ms, 0);
    const own = (await this.#run(CLAIM_STEPS, context)).map((step) => ({ ...step, at_ms: step.at_ms + before }));
    return { context, steps: [...steps, ...own], came_up: 'pool' };
  }

  /** There is no other way: its memory would be lost. */
  async #resume(): Promise<Started> {
    const context = this.#context({ cold: false });
    try {
      return { context, steps: await this.#run(RESUME_STEPS, context), came_up: 'resume' };
    } catch (error) {
      const failed = isNookError(error) && (error.code === 'operation_failed' || error.code === 'conflict');
      throw failed && !context.cameUp ? cannotResume(this.#starting.record.name, error) : error;
    }
  }

  /** A machine that does not come up from its template is booted, and says why. */
  async #startOrBoot(): Promise<Started> {
    const context = this.#context({ cold: false });
    try {
      const steps = await this.#run(START_STEPS, context);
      return { context, steps, came_up: context.template ? 'template' : 'cold' };
    } catch (error) {
      if (!context.template || context.cameUp || this.#caller.signal.aborted) throw error;
      const fallback = `template ${context.template.key} did not load: ${(error as Error).message}`;
      await this.#starting.dependencies.templates.discard(context.template.key, fallback);
      this.#caller.progress({ stage: 'template', message: fallback });
      const cold = this.#context({ cold: true });
      return { context: cold, steps: await this.#run(START_STEPS, cold), came_up: 'cold', fallback };
    }
  }

  #context({ cold }: { readonly cold: boolean }): StartContext {
    const { record, dependencies } = this.#starting;
    const context: StartContext = {
      ...this.#starting,
      driver: dependencies.drivers.of({ name: record.name, driver: record.shape.driver }),
      ...{ token: newToken(), cold, ...this.#options },
      caller: this.#telling(() => (context.saved ? 'resume' : context.template ? 'template' : 'cold')),
    };
    return context;
  }

  /** Says with each stage how long it usually takes. */
  #telling(way: () => CameUp): Caller {
    const { opId, signal, progress } = this.#caller;
    const usual = ({ stage }: Progress) => this.#starting.dependencies.usualTimes.of(way()).get(stage);
    return { opId, signal, progress: (update) => progress({ ...update, ...withUsual(usual(update)) }) };
  }

  #run(steps: readonly Step<StartContext>[], context: StartContext): Promise<BootStep[]> {
    const { caller } = context;
    return runSteps(steps, context, this.#starting.dependencies.clock, {
      onStep: (name) => {
        caller.signal.throwIfAborted();
        caller.progress({ stage: name });
      },
    });
  }
}

function withUsual(usual: number | undefined): { usual_ms?: number } {
  return usual === undefined ? {} : { usual_ms: usual };
}

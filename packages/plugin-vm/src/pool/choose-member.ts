import { NO_FEATURES } from '../features/start-features.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import type { ResolvedShape } from '../machines/resolve-shape.ts';
import { NETWORK_STEP, PREPARE_STEPS, type StartContext, templateInputs } from '../machines/start-steps.ts';
import { runSteps } from '../machines/step-runner.ts';
import { templateKey } from '../templates/template-key.ts';
import type { Claim } from './pool.ts';
import type { PoolMember } from './pool-member.ts';

interface Choice {
  readonly dependencies: Dependencies;
  /** Takes out a member that began as this template. */
  readonly take: (template: string) => PoolMember | undefined;
  readonly caller: Caller;
}

/** The member that a VM of this shape would be indistinguishable from, if it began as a template now. */
export async function chooseMember(
  shape: ResolvedShape,
  { dependencies, take, caller }: Choice,
): Promise<Claim | undefined> {
  const context = contextFor(shape, dependencies, caller);
  try {
    // Members have an address already, so that the guest has nothing left to do for it.
    if (shape.network.mode !== 'user') return undefined;
    const steps = await runSteps([...PREPARE_STEPS, NETWORK_STEP], context, dependencies.clock, {
      onStep: (stage) => {
        caller.signal.throwIfAborted();
        caller.progress({ stage });
      },
    });
    const { network, driver } = context;
    if (network === undefined || !driver.capabilities.includes('network_connect')) return undefined;
    const member = take(templateKey(templateInputs(context)));
    return member && { member, context, steps };
  } catch (error) {
    caller.signal.throwIfAborted();
    // What it is stands in the way of any start, whose error it then is.
    dependencies.log.debug({ error: String(error) }, 'no member of the pool was chosen');
    return undefined;
  }
}

/** Of a VM that has everything but an id. */
function contextFor(shape: ResolvedShape, dependencies: Dependencies, caller: Caller): StartContext {
  const { drivers, clock } = dependencies;
  const name = 'new';
  return {
    record: {
      ...{ id: '', name, state: 'created', created_at: clock.now(), run: { boot: 0, steps: [] } },
      shape: { ...shape, mac: '', machine_id: '' },
    },
    driver: drivers.of({ name, driver: shape.driver }),
    ...{
      dir: '',
      boot: 1,
      token: '',
      sessionExpected: false,
      cold: false,
      features: NO_FEATURES,
      dependencies,
      caller,
    },
  };
}

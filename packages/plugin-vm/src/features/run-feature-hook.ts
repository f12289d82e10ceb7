import { type FeatureHook, isNookError, NookError, type VmFeature } from '@nook/daemonapi';

const DEADLINE_MS = 30_000;
/** How long a hook that was told to end is waited for, so that what undoes it does not run beside it. */
const GRACE_MS = 2_000;

interface FeatureHookCall {
  readonly feature: VmFeature;
  readonly hook: FeatureHook;
  /** The name of the VM. */
  readonly vm: string;
  /** Ends the hook early. */
  readonly signal: AbortSignal;
}

/** Milliseconds that a hook may take. */
export function deadlineOf(feature: VmFeature, hook: FeatureHook): number {
  return feature.deadlines?.[hook] ?? DEADLINE_MS;
}

/**
 * Runs one hook and waits for it no longer than its deadline and a moment, whether it heeds its signal or not.
 * @throws NookError that names the feature, or the reason of `signal` as it is
 */
export async function runFeatureHook<T>(
  call: FeatureHookCall,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const { feature, hook, vm, signal } = call;
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  let grace: NodeJS.Timeout | undefined;
  const end = (reason: unknown) => {
    controller.abort(reason);
    grace ??= setTimeout(() => ended.reject(reason), GRACE_MS);
  };
  const onAbort = () => end(signal.reason);
  const deadlineMs = deadlineOf(feature, hook);
  const late = `Feature '${feature.name}' did not finish ${hook} of VM '${vm}' in ${deadlineMs / 1000} s.`;
  const timer = setTimeout(() => end(new NookError('timeout', late, { details: factsOf(call) })), deadlineMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const result = await Promise.race([work(controller.signal), ended.promise]);
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    if (signal.aborted || controller.signal.aborted) throw controller.signal.reason ?? error;
    throw hookError(call, error);
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal.removeEventListener('abort', onAbort);
  }
}

function hookError(call: FeatureHookCall, error: unknown): NookError {
  const { feature, hook, vm } = call;
  const known = isNookError(error) ? error : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  const message =
    hook === 'preflight' && known !== undefined
      ? `Feature '${feature.name}' refuses VM '${vm}': ${reason}`
      : `Feature '${feature.name}' failed in ${hook} of VM '${vm}': ${reason}`;
  return new NookError(known?.code ?? 'operation_failed', message, {
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    details: { ...known?.details, ...factsOf(call) },
    cause: error,
  });
}

function factsOf({ feature, hook }: FeatureHookCall): Readonly<Record<string, unknown>> {
  return { feature: feature.name, hook };
}

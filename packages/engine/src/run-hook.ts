import { isNookError, NookError } from '@nook/daemonapi';

export interface HookRun {
  readonly plugin: string;
  readonly hook: 'start' | 'reload' | 'stop' | 'dispose';
  readonly deadlineMs: number;
  /** Ends the hook early. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a hook and waits for it no longer than its deadline, whether it heeds its signal or not.
 * @throws NookError that names the plugin and the hook, with what was thrown as its cause
 */
export async function runHook<T>(run: HookRun, work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const { plugin, hook, deadlineMs, signal } = run;
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (error: unknown) => {
    controller.abort(error);
    ended.reject(error);
  };
  const onAbort = () => end(signal?.reason);
  const timer = setTimeout(
    () => end(new NookError('timeout', `Plugin '${plugin}' did not ${hook} in ${deadlineMs / 1000} s.`)),
    deadlineMs,
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([work(controller.signal), ended.promise]);
  } catch (error) {
    throw controller.signal.aborted ? error : hookError(run, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** What a plugin threw, with the plugin named. */
export function hookError({ plugin, hook }: { plugin: string; hook: string }, error: unknown): NookError {
  const reason = error instanceof Error ? error.message : String(error);
  const known = isNookError(error) ? error : undefined;
  return new NookError(known?.code ?? 'internal', `Plugin '${plugin}' failed to ${hook}: ${reason}`, {
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known?.details === undefined ? {} : { details: known.details }),
    cause: error,
  });
}

/** One error for several: the first as it is, all of them as its cause. */
export function joinErrors(errors: readonly [unknown, ...unknown[]], also: string): NookError {
  const [first, ...others] = errors;
  const known = isNookError(first) ? first : undefined;
  const message = first instanceof Error ? first.message : String(first);
  const rest = others.map((error) => (error instanceof Error ? error.message : String(error)));
  return new NookError(known?.code ?? 'internal', [message, ...rest.map((text) => `${also}: ${text}`)].join('\n'), {
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known?.details === undefined ? {} : { details: known.details }),
    cause: new AggregateError(errors, message),
  });
}

import type { Progress } from '@nook/daemonapi';
import { abortError, errors } from '../errors.ts';

interface Waiter {
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

interface Work<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  readonly waiters: Set<Waiter>;
  last: Progress | undefined;
}

type Begin<T> = (signal: AbortSignal, progress: (progress: Progress) => void) => Promise<T>;

/** One piece of work for all who ask for it at the same time. It is cancelled when the last of them has gone. */
export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>();
  #stopped = false;

  async join(key: string, waiter: Waiter, begin: Begin<T>): Promise<T> {
    if (this.#stopped) throw errors.stopping();
    if (waiter.signal.aborted) throw abortError(waiter.signal);
    const work = this.#alive(key) ?? this.#begin(key, begin);
    work.waiters.add(waiter);
    if (work.last !== undefined) waiter.progress(work.last);
    const gone = Promise.withResolvers<never>();
    const onAbort = () => gone.reject(abortError(waiter.signal));
    waiter.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work.promise, gone.promise]);
    } finally {
      waiter.signal.removeEventListener('abort', onAbort);
      work.waiters.delete(waiter);
      if (work.waiters.size === 0) work.controller.abort(errors.cancelled());
    }
  }

  /** Cancels everything, and waits until it has cleaned up after itself. Later calls are refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const works = [...this.#running.values()];
    for (const work of works) work.controller.abort(errors.stopping());
    await Promise.allSettled(works.map((work) => work.promise));
  }

  /** Work that was cancelled but still cleans up is not joined any more. */
  #alive(key: string): Work<T> | undefined {
    const work = this.#running.get(key);
    return work === undefined || work.controller.signal.aborted ? undefined : work;
  }

  #begin(key: string, begin: Begin<T>): Work<T> {
    const controller = new AbortController();
    const waiters = new Set<Waiter>();
    const promise = (async () => {
      await this.#running.get(key)?.promise.catch(() => {});
      return begin(controller.signal, (progress) => {
        work.last = progress;
        for (const waiter of waiters) waiter.progress(progress);
      });
    })();
    const work: Work<T> = { promise, controller, waiters, last: undefined };
    this.#running.set(key, work);
    const forget = () => {
      if (this.#running.get(key) === work) this.#running.delete(key);
    };
    promise.then(forget, forget);
    return work;
  }
}

import { Box, type BoxOptions } from '../box.ts';
import type { Subject } from './options.ts';

/** A box with the plugin and what it works with, some of it changed. */
export function subjectBox(subject: Subject, change: Partial<BoxOptions> = {}): Promise<Box> {
  const { plugin, with: others = [], fakes = {}, config = {}, env = {} } = subject;
  return Box.create({ plugins: [plugin, ...others], fakes: fakes as Record<string, unknown>, config, env, ...change });
}

/** What went wrong, of something that should have. @throws when nothing did */
export async function failureOf(work: Promise<unknown>, what: string): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${what}, but nothing failed`);
}

/** Each of the failures that a start or a stop of the engine has reported as one. */
export function failuresIn(error: Error): readonly Error[] {
  return error.cause instanceof AggregateError ? (error.cause.errors as Error[]) : [error];
}

/** How long something may take that has been told to end, in milliseconds. */
export const END_MS = 5000;

/** @throws when `work` is not done in time */
export async function within<T>(ms: number, what: string, work: Promise<T> | T): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not end within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

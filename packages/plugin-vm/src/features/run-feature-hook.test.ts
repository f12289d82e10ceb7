import { NookError, type VmFeature } from '@nook/daemonapi';
import { expect, it } from 'vitest';
import { runFeatureHook } from './run-feature-hook.ts';

const feature: VmFeature = { name: 'acme.disk', deadlines: { prepareHost: 20 } };
const call = { feature, hook: 'postStart', vm: 'web', signal: new AbortController().signal } as const;

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

it('answers what the hook answers', async () => {
  expect(await runFeatureHook(call, () => 7)).toBe(7);
});

it('names the feature, the hook and the VM in what is thrown, and keeps code, hint and details', async () => {
  const thrown = new NookError('unavailable', 'No loop device is free.', { hint: 'Free one.', details: { free: 0 } });
  expect(await failureOf(runFeatureHook(call, () => Promise.reject(thrown)))).toMatchObject({
    code: 'unavailable',
    message: "Feature 'acme.disk' failed in postStart of VM 'web': No loop device is free.",
    hint: 'Free one.',
    details: { free: 0, feature: 'acme.disk', hook: 'postStart' },
    cause: thrown,
  });
  expect(await failureOf(runFeatureHook(call, () => JSON.parse('{')))).toMatchObject({ code: 'operation_failed' });
});

it('calls a refusal one', async () => {
  const refuse = () => Promise.reject(new NookError('bad_params', 'Too large.'));
  const error = await failureOf(runFeatureHook({ ...call, hook: 'preflight' }, refuse));
  expect(error).toMatchObject({ code: 'bad_params', message: "Feature 'acme.disk' refuses VM 'web': Too large." });
});

it('ends a hook at its deadline, whether it heeds its signal', async () => {
  const heeds = (signal: AbortSignal) =>
    new Promise<void>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('ended')), { once: true }),
    );
  const late = {
    code: 'timeout',
    message: "Feature 'acme.disk' did not finish prepareHost of VM 'web' in 0.02 s.",
    details: { feature: 'acme.disk', hook: 'prepareHost' },
  };
  expect(await failureOf(runFeatureHook({ ...call, hook: 'prepareHost' }, heeds))).toMatchObject(late);
  const ignores = () => new Promise<void>(() => {});
  expect(await failureOf(runFeatureHook({ ...call, hook: 'prepareHost' }, ignores))).toMatchObject(late);
});

it('waits a moment for a hook that is told to end, so that undoing does not run beside it', async () => {
  const controller = new AbortController();
  const order: string[] = [];
  const run = runFeatureHook({ ...call, signal: controller.signal }, async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('the hook has ended');
  });
  const given = new NookError('cancelled', 'The start was given up.');
  controller.abort(given);
  expect(await failureOf(run)).toBe(given);
  order.push('the start goes on');
  expect(order).toEqual(['the hook has ended', 'the start goes on']);
});

it('does not begin a hook that is over before it began', async () => {
  let begun = false;
  const gone = AbortSignal.abort(new NookError('cancelled', 'Gone.'));
  const run = runFeatureHook({ ...call, signal: gone }, () => {
    begun = true;
  });
  expect(await failureOf(run)).toBe(gone.reason);
  expect(begun).toBe(false);
});

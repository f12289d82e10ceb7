import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_VERSION, type FeatureVm, type PluginDefinition, type VmFeature } from '@nook/daemonapi';
import { z } from 'zod';

const hook = z.enum(['prepareHost', 'postStart', 'cleanup']);

const part = z.strictObject({
  fails: hook.optional(),
  hangs: hook.optional(),
  kernel_args: z.array(z.string()).default([]),
  drives: z
    .array(
      z.strictObject({
        path: z.string(),
        format: z.enum(['raw', 'qcow2']),
        read_only: z.boolean(),
        serial: z.string(),
      }),
    )
    .default([]),
});

type ProbePart = z.output<typeof part>;

/** A feature that fails and hangs as its part says, and writes down in STATE/probe.log what was called of it. */
function probe(state: string): VmFeature<ProbePart> {
  const called = (name: z.output<typeof hook>, vm: FeatureVm<ProbePart>): void | Promise<void> => {
    appendFileSync(join(state, 'probe.log'), `${name} ${vm.name} ${vm.boot}\n`);
    if (vm.part.fails === name) throw new Error('as it was asked to');
    if (vm.part.hangs === name) return new Promise(() => {});
  };
  return {
    name: 'probe',
    schema: part,
    deadlines: { prepareHost: 500, cleanup: 500 },
    prepareHost: (vm) => called('prepareHost', vm),
    machine: ({ part: { kernel_args, drives } }) => ({ kernel_args, drives }),
    postStart: (vm) => called('postStart', vm),
    cleanup: (vm) => called('cleanup', vm),
  };
}

export const probePlugin: PluginDefinition<'probe'> = {
  name: 'probe',
  api: API_VERSION,
  version: '1.0.0',
  from: import.meta.url,
  setup: ({ contribute, dirs }) => contribute('vm.feature', probe(dirs.state)),
};

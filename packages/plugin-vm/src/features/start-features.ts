import type { MachineFeatures } from './machine-features.ts';

/** What a start asks of the features of its machine. */
export type StartFeatures = Pick<MachineFeatures, 'postStartMs' | 'prepareHost' | 'machine' | 'postStart' | 'cleanUp'>;

/** Of a machine that is nobody's. */
export const NO_FEATURES: StartFeatures = {
  postStartMs: 0,
  prepareHost: async () => {},
  machine: async () => ({ kernel_args: [], drives: [] }),
  postStart: async () => {},
  cleanUp: async () => [],
};

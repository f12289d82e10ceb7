import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { configSchema, type RoothelperConfig } from './config.ts';
import type {} from './contract.ts';
import { helperCheck } from './doctor.ts';
import { HelperClient } from './helper-client.ts';
import { unitsCheck } from './units-check.ts';

/** The client of the privileged process. Without one installed, each call answers `unavailable` and says what needs it. */
export const roothelper: PluginDefinition<'roothelper', RoothelperConfig> = {
  name: 'roothelper',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  config: configSchema,
  setup(context) {
    const helper = new HelperClient(context.config.socket);
    context.provide('privileged', helper);
    for (const check of [helperCheck(helper), unitsCheck()]) context.contribute('doctor.check', check);
  },
};

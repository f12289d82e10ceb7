import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from './contract.ts';
import { Drives, migrations } from './drives.ts';
import { seedDrive as feature } from './feature.ts';

/** A feature of VMs, and a method that tells where it is at work. */
export const seedDrive: PluginDefinition<'seed-drive'> = {
  name: 'seed-drive',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  setup({ contribute, method, store }) {
    store.migrate(migrations);
    const drives = new Drives(store);
    contribute('vm.feature', feature(drives));
    method('seed-drive.list', {
      summary: 'The drives that there are.',
      access: 'read',
      params: z.strictObject({}),
      result: z.array(z.object({ vm: z.string(), bytes: z.number() })),
      run: () => [...drives.all()],
    });
  },
};

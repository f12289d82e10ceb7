import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { API_VERSION, type PluginDefinition } from '@nook/daemonapi';

const QEMU = 'qemu-system-x86_64';

/** A driver as a stranger writes one: an emulated PC that does what every machine must, and declares nothing more. */
export const plainDriver: PluginDefinition<'plain'> = {
  name: 'plain',
  api: API_VERSION,
  version: '0.1.0',
  from: import.meta.url,
  setup(context) {
    context.contribute('vm.driver', {
      name: 'plain',
      title: 'The plain machine',
      capabilities: [],
      devices: 'pci',
      engine: import.meta.resolve('nook-plugin-author-tests/plain-engine'),
      programs: [QEMU],
      async prepare(_request, signal) {
        const { stdout } = await promisify(execFile)(QEMU, ['--version'], { signal });
        const version = stdout.split('\n')[0] ?? '';
        return { accelerator: 'tcg', machine: 'q35', version, settings: { command: [QEMU] } };
      },
    });
  },
};

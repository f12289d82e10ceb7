import type { CliCommand } from '@nook/daemonapi';
import { changePorts, PORTS_OF_VM } from './change-ports.ts';

export const unpublish: CliCommand = {
  name: 'net unpublish',
  summary: 'Take a published port of a VM back',
  positionals: PORTS_OF_VM,
  examples: ['nook net unpublish web 8080:80'],
  run: (invocation) => changePorts('net.unpublish', invocation),
};

import type { CliCommand } from '@nook/daemonapi';
import { changePorts, PORTS_OF_VM } from './change-ports.ts';

export const publish: CliCommand = {
  name: 'net publish',
  summary: 'Publish a port of a VM on this machine, also while it runs',
  positionals: PORTS_OF_VM,
  examples: ['nook net publish web 8080:80', 'nook net publish web 0:80'],
  run: (invocation) => changePorts('net.publish', invocation),
};

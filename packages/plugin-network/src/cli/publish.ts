import type { CliCommand } from '@nook/daemonapi';
import { changePorts } from './change-ports.ts';

export const publish: CliCommand = {
  name: 'net publish',
  summary: 'Publish a port of a VM on this machine, also while it runs',
  positionals: [
    { name: 'VM', required: true, help: 'the VM' },
    {
      name: 'PORT',
      required: true,
      rest: true,
      help: '[ADDRESS:]HOST:GUEST[/udp], on 127.0.0.1 unless an address is given',
    },
  ],
  examples: ['nook net publish web 8080:80', 'nook net publish web 0:80'],
  run: (invocation) => changePorts('net.publish', invocation),
};

import type { CliCommand } from '@nook/daemonapi';
import { changePorts } from './change-ports.ts';

export const unpublish: CliCommand = {
  name: 'net unpublish',
  summary: 'Take a published port of a VM back',
  positionals: [
    { name: 'VM', required: true, help: 'the VM' },
    {
      name: 'PORT',
      required: true,
      rest: true,
      help: '[ADDRESS:]HOST:GUEST[/udp], on 127.0.0.1 unless an address is given',
    },
  ],
  examples: ['nook net unpublish web 8080:80'],
  run: (invocation) => changePorts('net.unpublish', invocation),
};

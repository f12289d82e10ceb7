import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type { SshKeys } from './ssh/ssh-keys.ts';

export function registerMethods({ method }: PluginContext<'workspace'>, keys: SshKeys): void {
  method('ssh.files', {
    summary: 'What an ssh client needs to reach VMs: a key and their host keys, made on first use.',
    access: 'write',
    params: z.strictObject({}),
    result: z.object({ identity_file: z.string(), known_hosts_file: z.string() }),
    run: () => keys.files(),
  });
}

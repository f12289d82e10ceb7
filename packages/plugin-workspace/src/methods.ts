import type { NeedsOf, PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from './contract.ts';
import type { SshKeys } from './ssh/ssh-keys.ts';
import type { Workspaces } from './workspaces.ts';

const vm = z.string().min(1).max(63);
const workspace = {
  host_path: z.string().min(1).max(4_095),
  guest_path: z.string().min(1).max(4_095),
  kind: z.enum(['repository', 'files', 'folder']),
  commit: z.string().max(64).optional(),
  prepared: z.string().max(64).optional(),
};
const view = z.object({ vm, ...workspace, prepared_at: z.number() });

interface Parts {
  readonly keys: SshKeys;
  readonly workspaces: Workspaces;
  readonly vms: NonNullable<NeedsOf<'workspace'>['vms']>;
}

export function registerMethods({ method }: PluginContext<'workspace'>, { keys, workspaces, vms }: Parts): void {
  method('workspace.record', {
    summary: 'Keeps what of the host was put into a VM, and where.',
    access: 'write',
    params: z.strictObject({ vm, ...workspace }),
    result: view,
    run: ({ vm: name, ...given }) => {
      const id = vms.idOf(name);
      workspaces.record(id, given);
      return { vm: name, ...given, prepared_at: workspaces.of(id)?.prepared_at ?? 0 };
    },
  });
  method('workspace.show', {
    summary: 'What of the host was put into a VM, and where.',
    access: 'read',
    params: z.strictObject({ vm }),
    result: z.object({ workspace: view.optional() }),
    run: ({ vm: name }) => {
      const kept = workspaces.of(vms.idOf(name));
      return kept === undefined ? {} : { workspace: { vm: name, ...kept } };
    },
  });
  method('ssh.files', {
    summary: 'What an ssh client needs to reach VMs: a key and their host keys, made on first use.',
    access: 'write',
    params: z.strictObject({}),
    result: z.object({ identity_file: z.string(), known_hosts_file: z.string() }),
    run: () => keys.files(),
  });
}

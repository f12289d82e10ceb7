import type { PortCommand, PortVm, VmPort } from '@nook/daemonapi';
import type { SshKeys } from './ssh-keys.ts';
import { SSHD_SCRIPT } from './sshd-script.ts';

/** Port 22 of every VM: an sshd for each connection, with keys that nook knows. */
export function sshPort(keys: SshKeys): VmPort {
  return { port: 22, command: (vm) => sshdCommand(keys, vm) };
}

async function sshdCommand(keys: SshKeys, vm: PortVm): Promise<PortCommand> {
  const [host, user] = await Promise.all([keys.host(vm), keys.user()]);
  return {
    argv: ['/bin/sh', '-c', SSHD_SCRIPT],
    env: [`NOOK_VM=${vm.name}`, `NOOK_HOST_KEY=${host.privateFile}`, `NOOK_AUTHORIZED_KEY=${user.publicKey} nook`],
    cwd: '/',
    user: 'root',
  };
}

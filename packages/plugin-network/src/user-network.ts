import { NookError } from '@nook/daemonapi';
import type { GuestNetwork, NetworkPlan, NetworkRequest, NetworkSpec } from './contract.ts';
import { checkEgress } from './egress/policy.ts';
import { requireFree } from './free-port.ts';
import { checkPublish } from './publish.ts';

/** The addresses that QEMU's user-mode network serves (`-netdev user` without further options). */
const USER_MODE: GuestNetwork = { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] };

const MODES = ['user', 'none'] as const;

type Mode = (typeof MODES)[number];

/** Whether it is a network that there always is; absent, it is that of QEMU's user mode. */
export function isMode(mode: string | undefined): mode is Mode | undefined {
  return mode === undefined || MODES.some((known) => known === mode);
}

/** @throws NookError `bad_params` */
export function checkUser(request: NetworkRequest): NetworkSpec {
  const mode = (request.mode ?? 'user') as Mode;
  if (request.ip !== undefined) {
    throw new NookError('bad_params', `A VM of network '${mode}' cannot be given an address.`, {
      hint: 'Make a network, and put the VM on it: nook net create NAME; nook vm run --network NAME --ip ADDRESS',
    });
  }
  const publish = checkPublish(request.publish ?? []);
  if (mode === 'none' && publish.length > 0) {
    throw new NookError('bad_params', 'A VM without a network cannot publish ports.', {
      hint: 'Leave out --publish, or use --network user.',
    });
  }
  const egress = checkEgress(request);
  if (egress === undefined) return { mode, publish };
  if (mode === 'none')
    throw new NookError('bad_params', 'A VM without a network reaches nothing: it has no egress policy.');
  // QEMU's user network knows no rules: they need a network of ours around the VM.
  return { mode: 'bridge', own: true, publish, egress };
}

/** @throws NookError `conflict` */
export async function planUser(spec: NetworkSpec): Promise<NetworkPlan> {
  await Promise.all(spec.publish.map(requireFree));
  const mode = spec.mode === 'user' ? 'user' : 'none';
  return { mode, host_forwards: spec.publish, guest: mode === 'user' ? USER_MODE : null };
}

import { NookError } from '@nook/daemonapi';
import type { GuestNetwork, NetworkCapability, NetworkPlan, NetworkRequest, NetworkSpec } from './contract.ts';
import { requireFree } from './free-port.ts';
import { parsePublish } from './publish.ts';

/** The addresses that QEMU's user-mode network serves (`-netdev user` without further options). */
const USER_MODE: GuestNetwork = { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] };

const MODES = ['user', 'none'] as const;

function check(request: NetworkRequest): NetworkSpec {
  const mode = MODES.find((known) => known === (request.mode ?? 'user'));
  if (mode === undefined) {
    throw new NookError('bad_params', `'${request.mode}' is not a network.`, {
      hint: `Use one of: ${MODES.join(', ')}.`,
    });
  }
  const publish = (request.publish ?? []).map(parsePublish);
  if (mode === 'none' && publish.length > 0) {
    throw new NookError('bad_params', 'A VM without a network cannot publish ports.', {
      hint: 'Leave out --publish, or use --network user.',
    });
  }
  const seen = new Set<string>();
  for (const { protocol, host_address, host_port } of publish) {
    const key = `${host_address}:${host_port}/${protocol}`;
    if (seen.has(key)) throw new NookError('bad_params', `${key} is published twice.`);
    seen.add(key);
  }
  return { mode, publish };
}

async function plan(spec: NetworkSpec): Promise<NetworkPlan> {
  await Promise.all(spec.publish.map(requireFree));
  return { mode: spec.mode, host_forwards: spec.publish, guest: spec.mode === 'user' ? USER_MODE : null };
}

export const userNetwork: NetworkCapability = { check, plan };

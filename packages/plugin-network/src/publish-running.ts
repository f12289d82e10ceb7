import { NookError } from '@nook/daemonapi';
import type { ChangingVm, NetworkSpec, PublishedPort, VmsNeed } from './contract.ts';
import { pickFree, requireFree } from './free-port.ts';
import type { Nethosts } from './nethosts/nethosts.ts';
import type { Networks } from './networks/networks.ts';
import { parsePublish } from './publish.ts';
import { requirePorts } from './vm-network.ts';

interface Parts {
  readonly vms: VmsNeed;
  readonly networks: Networks;
  readonly nethosts: Nethosts;
}

interface PublishCall {
  readonly vm: string;
  /** As {@link parsePublish} reads it. */
  readonly port: string;
  readonly opId: string;
}

/**
 * Publishes one more port of a VM: at once where the VM runs, and at each of its starts.
 * @throws NookError `bad_params`, `not_found`, `already_exists`, `conflict` when the port of the host is taken
 */
export async function publishPort(parts: Parts, { vm: name, port, opId }: PublishCall): Promise<PublishedPort> {
  const asked = parsePublish(port);
  const wanted = asked.host_port === 0 ? { ...asked, host_port: await pickFree(asked) } : asked;
  await parts.vms.changeNetwork(name, async (vm) => {
    const { network } = vm;
    if (network.publish.some((each) => isSame(each, wanted))) {
      throw new NookError('already_exists', `${port} is published of '${name}' already.`, {
        hint: `See what is: nook vm ports ${name}`,
      });
    }
    requirePorts(parts.networks, network);
    await requireFree(wanted);
    return change(parts, { ...vm, opId, name }, [...network.publish, wanted]);
  });
  return wanted;
}

/** @throws NookError `bad_params`, `not_found` */
export async function unpublishPort(parts: Parts, { vm: name, port, opId }: PublishCall): Promise<PublishedPort> {
  const asked = parsePublish(port);
  await parts.vms.changeNetwork(name, async (vm) => {
    const { network } = vm;
    const left = network.publish.filter((each) => !isSame(each, asked) || each.guest_port !== asked.guest_port);
    if (left.length === network.publish.length) {
      throw new NookError('not_found', `${port} is not published of '${name}'.`, {
        hint: `See what is: nook vm ports ${name}`,
      });
    }
    return change(parts, { ...vm, opId, name }, left);
  });
  return asked;
}

interface Changing extends ChangingVm {
  readonly name: string;
  readonly opId: string;
}

async function change(
  { networks, nethosts }: Parts,
  { id, name, up, network, opId, forward }: Changing,
  publish: readonly PublishedPort[],
): Promise<NetworkSpec> {
  if (up && network.mode === 'user') await forward(publish, opId);
  if (up && network.mode === 'bridge') {
    const link = await nethosts.active(networks.get(network.name ?? '').id);
    if (!link) throw new NookError('unavailable', `The network of '${name}' is not up.`, { hint: 'Try again.' });
    await link.publish(id, publish, opId);
  }
  return { ...network, publish };
}

function isSame(one: PublishedPort, other: PublishedPort): boolean {
  const { protocol, host_address, host_port } = other;
  return one.protocol === protocol && one.host_address === host_address && one.host_port === host_port;
}

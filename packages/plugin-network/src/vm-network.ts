import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { choosePorts } from './choose-ports.ts';
import type { NetworkCapability, NetworkedVm, NetworkPlan, NetworkRequest, NetworkSpec } from './contract.ts';
import { removeEgress } from './egress/enforced.ts';
import { checkEgress } from './egress/policy.ts';
import type { VmEgress } from './egress/vm-egress.ts';
import { requireFree } from './free-port.ts';
import { DOMAIN } from './names/domain.ts';
import { NETHOST_FILES } from './nethost/nethost-spec.ts';
import type { ExpectedMember } from './nethosts/nethost-link.ts';
import type { NethostNetwork, Nethosts } from './nethosts/nethosts.ts';
import type { NetworkRecord } from './networks/network-records.ts';
import type { Networks } from './networks/networks.ts';
import { checkPublish } from './publish.ts';
import { checkUser, isMode, planUser } from './user-network.ts';

interface Parts {
  readonly networks: Networks;
  readonly nethosts: Nethosts;
  readonly egress: VmEgress;
}

/** The capability `network`: QEMU's user-mode network, none, and networks of several VMs by their names. */
export function vmNetwork({ networks, nethosts, egress }: Parts): NetworkCapability {
  return {
    check: (request) => (isMode(request.mode) ? checkUser(request) : checkNamed(networks, request)),
    async choosePorts(spec, exposed) {
      const chosen = await choosePorts(spec, exposed);
      if (chosen.publish.length > 0) requirePorts(networks, chosen);
      return chosen;
    },
    allocate(vm, spec) {
      if (spec.mode !== 'bridge') return spec;
      const record = spec.own === true ? networks.createFor(vm) : recordOf(networks, spec);
      return { ...spec, name: record.name, ...networks.allocate(record, vm, spec.address) };
    },
    release(vm) {
      const { network, removed } = networks.release(vm) ?? {};
      if (network === undefined) return;
      removeEgress(nethosts.folder(network), vm);
      if (removed === true) nethosts.removeSoon({ id: network, mode: 'namespace' });
    },
    async plan(spec, vm) {
      if (spec.mode !== 'bridge') return planUser(spec);
      await Promise.all(spec.publish.map(requireFree));
      const record = recordOf(networks, spec);
      await egress.prepare(vm.id, spec);
      // It may take as long as the start of a vmhost, beside which it is.
      const up = nethosts
        .expect(nethostNetwork(networks, record), expected(spec, vm), vm.opId)
        .then(() => egress.requireEnforced(record.id, vm.id));
      up.catch(() => {});
      const { isolated } = record;
      const mtu = await nethosts.mtu(record);
      const place = { dir: nethosts.folder(record.id), isolated, mtu, ...networks.gateways(record) };
      return { ...planNamed(spec, place), up };
    },
    async unplan(spec, vm) {
      if (spec.mode === 'bridge') await nethosts.forget(recordOf(networks, spec).id, vm.id);
    },
  };
}

export function nethostNetwork(networks: Networks, record: NetworkRecord): NethostNetwork {
  const { id, name, mode, isolated } = record;
  return { id, name, mode, isolated, ...networks.gateways(record) };
}

function expected(
  { address = '', address6 = '', publish }: NetworkSpec,
  { id, name, mac }: NetworkedVm,
): ExpectedMember {
  return { vm: id, name, mac, address, address6, publish };
}

function checkNamed(networks: Networks, { mode = '', ip, publish = [], ...request }: NetworkRequest): NetworkSpec {
  const record = networks.get(mode);
  if (record.owner !== undefined) {
    throw new NookError('conflict', `Network '${mode}' is there for one VM.`, {
      hint: 'Make one for several: nook net create NAME',
    });
  }
  const ports = checkPublish(publish);
  if (ports.length > 0) requireWayIn(record);
  if (ip !== undefined) networks.checkAddress(record, ip);
  const egress = checkEgress(request) ?? record.egress;
  return { mode: 'bridge', publish: ports, name: record.name, egress, ...(ip === undefined ? {} : { address: ip }) };
}

/** @throws NookError `conflict` where ports cannot be published */
export function requirePorts(networks: Networks, spec: NetworkSpec): void {
  if (spec.mode === 'bridge' && spec.own !== true) requireWayIn(recordOf(networks, spec));
  if (spec.mode !== 'none') return;
  throw new NookError('conflict', 'A VM without a network cannot publish ports.', { hint: 'Use --network user.' });
}

/** @throws NookError `conflict` */
function requireWayIn({ name, isolated }: NetworkRecord): void {
  if (!isolated) return;
  throw new NookError('conflict', `Nothing reaches into network '${name}': it is isolated.`, {
    hint: 'Put the VM on a network that is not.',
  });
}

type PlaceOfNetwork = { readonly dir: string; readonly mtu: number | undefined } & Omit<
  NethostNetwork,
  'id' | 'name' | 'mode'
>;

function planNamed(
  { address = '', address6 = '', publish }: NetworkSpec,
  { dir, gateway, gateway6, isolated, mtu }: PlaceOfNetwork,
): NetworkPlan {
  const [own = '', prefix = ''] = gateway.split('/');
  const [own6 = '', prefix6 = ''] = gateway6.split('/');
  const ways = isolated ? {} : { gateway: own, gateway6: own6 };
  return {
    mode: 'tap',
    host_forwards: [],
    guest: {
      ...{ address: `${address}/${prefix}`, address6: `${address6}/${prefix6}`, ...ways },
      ...{ dns: [own], search: DOMAIN, mtu },
    },
    place: { socket: join(dir, NETHOST_FILES.socket), address, address6, publish },
  };
}

function recordOf(networks: Networks, { name = '' }: NetworkSpec): NetworkRecord {
  return networks.get(name);
}

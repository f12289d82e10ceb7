import { NookError } from '@nook/daemonapi';
import { pin, recorded } from '@nook/netstate';
import { buildInfo, type ServerCall } from '@nook/wire';
import type { HelperStatus } from '../contract.ts';
import type { Verb, VerbParams } from '../verbs.ts';
import { pinRefusals } from './gates.ts';
import type { Helper } from './helper.ts';
import { routeNames, unrouteNames } from './names.ts';
import { withNetwork, withoutNetwork } from './one-network.ts';
import { watchBridge } from './watch-bridge.ts';

type Handlers = {
  readonly [V in Verb]: (params: VerbParams<V>, helper: Helper, call: ServerCall) => Promise<unknown>;
};

/** Verbs that change nothing, and do not wait for those that do. */
export const READS: ReadonlySet<Verb> = new Set<Verb>(['status', 'egress.recorded', 'egress.watch']);
/** Verbs for root alone, though the owner may call the others. */
export const ROOTS: ReadonlySet<Verb> = new Set<Verb>(['uninstall']);

export const handlers: Handlers = {
  async status({ check }, helper): Promise<HelperStatus> {
    const { desired } = await helper.state();
    return {
      version: buildInfo.version,
      pid: process.pid,
      owner_uid: helper.record.owner_uid,
      low_ports: helper.record.low_ports,
      bridges: desired.bridges.map(({ name }) => name),
      taps: desired.taps.map(({ name }) => name),
      forwards: desired.forwards.length,
      differences: check ? await helper.differences() : [],
    };
  },

  async reconcile({ state }, helper) {
    const changed = state === undefined ? undefined : await helper.change(() => state);
    const { repaired } = await helper.restore();
    return { repaired: [...(changed?.repaired ?? []), ...repaired] };
  },

  'network.set': (network, helper) => helper.change((before) => withNetwork(before, network)),

  'network.remove': async ({ name }, helper) => {
    await unroute(name, helper);
    return helper.change((before) => withoutNetwork(before, name));
  },

  'bridge.ensure': (bridge, helper) =>
    helper.change((before) => ({ ...before, bridges: [...without(before.bridges, bridge.name), bridge] })),

  'bridge.remove': async ({ name }, helper) => {
    const { names } = await helper.state();
    const answer = await helper.change((before) => {
      const tap = before.taps.find(({ bridge }) => bridge === name);
      if (tap) throw new NookError('conflict', `The bridge '${name}' still has the tap '${tap.name}'.`);
      return {
        ...before,
        bridges: without(before.bridges, name),
        nat: before.nat.filter(({ bridge }) => bridge !== name),
      };
    });
    if (names.some(({ bridge }) => bridge === name)) {
      await helper.note((kept) => ({ names: kept.names.filter(({ bridge }) => bridge !== name) }));
    }
    return answer;
  },

  'tap.create': (tap, helper) =>
    helper.change((before) => {
      const known = before.taps.find(({ name }) => name === tap.name);
      if (known && JSON.stringify(known) !== JSON.stringify(tap)) {
        throw new NookError('already_exists', `There is a tap '${tap.name}' that is not as this one.`);
      }
      return { ...before, taps: [...without(before.taps, tap.name), tap] };
    }),

  'tap.delete': ({ name }, helper) =>
    helper.change((before) => {
      const addresses = before.taps.find((tap) => tap.name === name)?.addresses ?? [];
      return {
        ...before,
        taps: without(before.taps, name),
        egress: before.egress.filter(({ tap }) => tap !== name),
        forwards: before.forwards.filter(({ guest_address }) => !addresses.includes(guest_address)),
      };
    }),

  'rules.replace': (rules, helper) =>
    helper.change(({ version, bridges, taps }) => ({ version, bridges, taps, ...rules })),

  async 'egress.pin'({ pins }, helper) {
    const [first] = pinRefusals(pins, (await helper.state()).desired);
    if (first !== undefined) throw new NookError('conflict', `The helper refuses this: ${first}.`);
    await pin(pins);
    return {};
  },

  'egress.recorded': async ({ bridge }, helper) =>
    (await recorded()).filter(({ source }) => helper.bridgeOf(source) === bridge),

  'egress.watch': ({ bridge }, helper, call) => watchBridge(bridge, helper, call),

  async 'names.route'(routing, helper) {
    const { desired } = await helper.state();
    const bridge = desired.bridges.find(({ name }) => name === routing.bridge);
    if (!bridge?.addresses.some((each) => each.split('/')[0] === routing.address)) {
      throw new NookError('conflict', `'${routing.address}' is no address of a bridge '${routing.bridge}'.`);
    }
    await routeNames(routing);
    await helper.note(({ names }) => ({ names: [...names.filter((each) => each.bridge !== routing.bridge), routing] }));
    return {};
  },

  async 'names.unroute'({ bridge }, helper) {
    await unroute(bridge, helper);
    return {};
  },

  async 'scope.create'(scope, helper) {
    await helper.note(({ scopes }) => ({ scopes: [...new Set([...scopes, scope.name])] }));
    return { dir: await helper.scopes.create(scope) };
  },

  async 'scope.remove'({ name }, helper) {
    await helper.scopes.remove(name);
    await helper.note(({ scopes }) => ({ scopes: scopes.filter((each) => each !== name) }));
    return {};
  },

  async uninstall(_, helper) {
    await helper.uninstall();
    return {};
  },
};

async function unroute(bridge: string, helper: Helper): Promise<void> {
  const { names } = await helper.state();
  if (!names.some((each) => each.bridge === bridge)) return;
  await unrouteNames(bridge);
  await helper.note(() => ({ names: names.filter((each) => each.bridge !== bridge) }));
}

function without<T extends { readonly name: string }>(list: readonly T[], name: string): T[] {
  return list.filter((each) => each.name !== name);
}

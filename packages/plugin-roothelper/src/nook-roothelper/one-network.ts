import type { DesiredState } from '@nook/netstate';

/** The state without a bridge and all that belongs to it. */
export function withoutNetwork(state: DesiredState, bridge: string): DesiredState {
  const own = state.taps.filter((tap) => tap.bridge === bridge);
  const [taps, addresses] = [own.map(({ name }) => name), own.flatMap((tap) => tap.addresses)];
  return {
    ...state,
    bridges: state.bridges.filter(({ name }) => name !== bridge),
    taps: state.taps.filter((tap) => tap.bridge !== bridge),
    nat: state.nat.filter((each) => each.bridge !== bridge),
    egress: state.egress.filter(({ tap }) => !taps.includes(tap)),
    forwards: state.forwards.filter(({ guest_address }) => !addresses.includes(guest_address)),
  };
}

/** The state with this network in place of the one that had its bridge. @param network a state of one bridge */
export function withNetwork(state: DesiredState, network: DesiredState): DesiredState {
  const others = withoutNetwork(state, network.bridges[0]?.name ?? '');
  return {
    ...others,
    bridges: [...others.bridges, ...network.bridges],
    taps: [...others.taps, ...network.taps],
    nat: [...others.nat, ...network.nat],
    egress: [...others.egress, ...network.egress],
    forwards: [...others.forwards, ...network.forwards],
    log_group: network.log_group ?? others.log_group,
    traced: network.traced || others.traced,
  };
}

export { canonicalRange, contains } from './addresses.ts';
export { advance } from './advance.ts';
export { CLOSED_RANGES, closedRangeOf } from './closed-ranges.ts';
export { type Difference, difference } from './difference.ts';
export { isOwnName, NAME_PREFIX } from './names.ts';
export { openTap, TUN_DEVICE } from './netlink/tap.ts';
export { replaceTables, rulesDigest, rulesetOf } from './nft/ruleset.ts';
export { type Observed, observe } from './observe.ts';
export { type ObservedRange, observeRanges } from './observe-ranges.ts';
export { type Pin, pin } from './pin.ts';
export { confirm, type Reconciled, reconcile, remove } from './reconcile.ts';
export { type Recorded, recorded } from './recorded.ts';
export {
  bridgeSchema,
  type DesiredState,
  type DesiredStateInput,
  desiredState,
  pinSchema,
  readDesiredState,
  rulesSchema,
  tapSchema,
} from './state.ts';
export { sysctlsOf, writeSysctls } from './sysctls.ts';
export { type ToldPacket, untold, watchPackets } from './watch-packets.ts';

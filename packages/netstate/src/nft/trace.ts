import type { DesiredState } from '../state.ts';
import { goto, jump, type NftCommand, type Table } from './expressions.ts';
import type { Record } from './records.ts';

/** The kernel tells of as many packets; the others are counted. */
const LIMIT = { rate: 50, per: 'second', burst: 100 };
export const UNTOLD = 'untold';
export const TOLD = /^told-(blocked|seen)$/;

/** Chains that show packets to `nft monitor trace`; their names say why. None of them decides. */
export function tellChains(table: Table, { traced }: DesiredState): NftCommand[] {
  if (!traced) return [];
  return [
    table.counter(UNTOLD),
    ...(['blocked', 'seen'] as const).flatMap((record) => [
      table.chain(`told-${record}`),
      table.rule(`told-${record}`, trace(1)),
      // What becomes of the packet further on is of no interest.
      table.rule(`told-${record}`, trace(0)),
      table.chain(`tell-${record}`),
      table.rule(`tell-${record}`, { limit: LIMIT }, goto(`told-${record}`)),
      table.rule(`tell-${record}`, { counter: UNTOLD }),
    ]),
  ];
}

export function tellRules(table: Table, chain: string, record: Record, { traced }: DesiredState): NftCommand[] {
  return traced ? [table.rule(chain, jump(`tell-${record}`))] : [];
}

function trace(value: 0 | 1) {
  return { mangle: { key: { meta: { key: 'nftrace' } }, value } };
}

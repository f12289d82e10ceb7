import { digest } from '../digest.ts';
import { markCommand } from '../mark.ts';
import { TABLE } from '../names.ts';
import type { DesiredState } from '../state.ts';
import { bridgeTable } from './bridge-table.ts';
import type { NftCommand } from './expressions.ts';
import { inetTable } from './inet-table.ts';
import { keepPins, type PinnedSet } from './pins.ts';

/** Both tables of ours, in the order in which they are made. */
export const OWN_TABLES = [
  { family: 'inet', name: TABLE },
  { family: 'bridge', name: TABLE },
] as const;

/** A reconciliation asks for them several times. */
const made = new WeakMap<DesiredState, readonly NftCommand[]>();

/** All that stands in our tables, as commands of libnftables-json(5). Pure: the same state gives the same commands. */
export function rulesetOf(state: DesiredState): readonly NftCommand[] {
  const known = made.get(state);
  if (known !== undefined) return known;
  const commands = [...inetTable(state), ...bridgeTable(state)];
  made.set(state, commands);
  return commands;
}

/** What names the rules of a state: two states with the same rules have the same. */
export function rulesDigest(state: DesiredState): string {
  return digest(rulesetOf(state));
}

/**
 * What replaces our tables as a whole, in one transaction, and says what they were made of.
 * @param kept what is pinned now, of which that goes on which the state still has a set for
 */
export function replaceTables(state: DesiredState, kept: readonly PinnedSet[] = []): NftCommand[] {
  const ruleset = rulesetOf(state);
  const mark = markCommand({ wanted: rulesDigest(state) });
  return [...OWN_TABLES.flatMap(anew), mark, ...ruleset, ...keepPins(ruleset, kept)];
}

/** Our tables are there no longer after that. */
export function removeTables(): NftCommand[] {
  return OWN_TABLES.flatMap((table) => anew(table).slice(0, 2));
}

/** The first command is there so that the second does not fail where there is no table. */
function anew(table: (typeof OWN_TABLES)[number]): NftCommand[] {
  return [{ add: { table } }, { delete: { table } }, { add: { table } }];
}

import type { Cidr, Family } from '../addresses.ts';

/** One command or object of libnftables-json(5). */
export type NftCommand = Readonly<Record<string, unknown>>;
export type Statement = Readonly<Record<string, unknown>>;
type Expression = unknown;

/** `ip` or `ip6`, as nft calls the families. */
export const protocolOf = (family: Family) => (family === 4 ? 'ip' : 'ip6');
export const FAMILIES: readonly Family[] = [4, 6];

export const meta = (key: string): Expression => ({ meta: { key } });
export const ct = (key: string): Expression => ({ ct: { key } });
export const payload = (protocol: string, field: string): Expression => ({ payload: { protocol, field } });
export const concat = (...parts: readonly Expression[]): Expression => ({ concat: parts });
export const setOf = (...elements: readonly Expression[]): Expression => ({ set: elements });

export const is = (left: Expression, right: Expression): Statement => ({ match: { op: '==', left, right } });
export const isNot = (left: Expression, right: Expression): Statement => ({ match: { op: '!=', left, right } });
/** For bits: the state and the status of a connection. */
export const has = (left: Expression, right: Expression): Statement => ({ match: { op: 'in', left, right } });

export const accept: Statement = { accept: null };
export const drop: Statement = { drop: null };
export const jump = (target: string): Statement => ({ jump: { target } });
export const goto = (target: string): Statement => ({ goto: { target } });

export function rangeExpression({ family, network, length }: Cidr): Expression {
  return length === (family === 4 ? 32 : 128) ? network : { prefix: { addr: network, len: length } };
}

/** What makes objects of one table. */
export function tableOf(family: 'inet' | 'bridge', table: string) {
  const add = (kind: string, fields: object): NftCommand => ({ add: { [kind]: { family, table, ...fields } } });
  return {
    chain: (name: string) => add('chain', { name }),
    hook: (name: string, at: { readonly type: 'filter' | 'nat'; readonly hook: string; readonly prio: number }) =>
      add('chain', { name, ...at, policy: 'accept' }),
    rule: (chain: string, ...expr: readonly Statement[]) => add('rule', { chain, expr }),
    set: (name: string, type: string | readonly string[], elements: readonly unknown[], more: object = {}) =>
      add('set', { name, type, ...more, ...(elements.length === 0 ? {} : { elem: elements }) }),
    counter: (name: string) => add('counter', { name }),
    /** A map from a key to what is to happen. */
    verdicts: (name: string, type: string, elements: readonly (readonly [string, Statement])[]) =>
      add('map', { name, type, map: 'verdict', ...(elements.length === 0 ? {} : { elem: elements }) }),
  };
}

export type Table = ReturnType<typeof tableOf>;

import { listTables } from './observe.ts';

/** Where a guest wanted to go, in the last hour. */
export interface Recorded {
  /** `blocked`: it was refused. `seen`: its egress is audited, and it was let through. */
  readonly record: 'blocked' | 'seen';
  readonly source: string;
  readonly destination: string;
  /** A name as of /etc/protocols, or its number. */
  readonly protocol: string;
  /** 0 where the protocol has none. */
  readonly port: number;
}

const SET = /^(blocked|seen)[46]$/;

/** What packets have left in our tables. @throws NookError as {@link observe} does */
export async function recorded(): Promise<Recorded[]> {
  return (await listTables()).flatMap((object) => {
    const { name, elem } = (object.set ?? {}) as { name?: string; elem?: readonly unknown[] };
    const record = name === undefined ? undefined : SET.exec(name)?.[1];
    return record === undefined ? [] : (elem ?? []).map((each) => read(record as Recorded['record'], each));
  });
}

/** `{elem: {val: {concat: […]}, timeout, expires}}` of libnftables-json(5). */
function read(record: Recorded['record'], element: unknown): Recorded {
  const { elem } = element as {
    elem: { val: { concat: readonly [string, string, string | number, number | string] } };
  };
  const [source, destination, protocol, port] = elem.val.concat;
  return { record, source, destination, protocol: String(protocol), port: Number(port) };
}

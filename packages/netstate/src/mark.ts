import { digest } from './digest.ts';
import { TABLE } from './names.ts';
import type { NftCommand } from './nft/expressions.ts';

/**
 * An empty chain whose name says what our tables were made of, and, once that was looked at, how the kernel listed them then:
 * nft lists rules in words of its own, which differ between versions, so what was listed is compared with what was listed, not
 * with what was asked.
 */
export interface Mark {
  readonly wanted: string;
  readonly listed?: string | undefined;
}

const NAME = /^made-([0-9a-f]{16})(?:-([0-9a-f]{16}))?$/;

export function markCommand({ wanted, listed }: Mark): NftCommand {
  const name = ['made', wanted, ...(listed === undefined ? [] : [listed])].join('-');
  return { add: { chain: { family: 'inet', table: TABLE, name } } };
}

export interface ListedTables {
  /** There is one at least. */
  readonly present: boolean;
  readonly mark: Mark | undefined;
  /** Of everything but the mark, and but what packets filled. */
  readonly digest: string;
}

/** @param objects what `nft -j list table` printed of our tables; nothing of those that are not there */
export function readTables(objects: readonly NftCommand[]): ListedTables {
  let mark: Mark | undefined;
  const rest: string[] = [];
  for (const object of objects) {
    const [kind = '', fields] = Object.entries(object)[0] ?? [];
    if (kind === 'metainfo') continue;
    const { handle: _handle, elem, packets: _packets, bytes: _bytes, ...lasting } = fields as Record<string, unknown>;
    const [, wanted, listed] = (kind === 'chain' && NAME.exec(String(lasting.name))) || [];
    if (wanted !== undefined) mark = mark?.listed === undefined ? { wanted, listed } : mark;
    else rest.push(JSON.stringify([kind, lasting, lasting.timeout === undefined ? sorted(elem) : null]));
  }
  return { present: rest.length > 0, mark, digest: digest(rest) };
}

function sorted(elements: unknown): string[] {
  return Array.isArray(elements) ? elements.map((each) => JSON.stringify(each)).sort() : [];
}

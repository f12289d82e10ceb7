import { isNookError } from '@nook/daemonapi';
import { isTooLong } from '@nook/wire';

/** Items of one answer, as long as they fit: a daemon that makes them serves nobody else meanwhile. */
const PAGE = 250;

interface Wanted {
  /** How many items in all. */
  readonly limit?: number | undefined;
}

/** All items of a list that is answered in pages, whose answer is an array or holds one. */
export async function allPages(ask: (params: object) => Promise<unknown>, wanted: Wanted): Promise<unknown[]> {
  try {
    return await pageByPage(ask, wanted);
  } catch (error) {
    // A daemon from before there were pages; should it be the caller's params, it says so again.
    if (!isNookError(error) || error.code !== 'bad_params') throw error;
    return [...itemsOf(await ask(wanted))];
  }
}

async function pageByPage(ask: (params: object) => Promise<unknown>, wanted: Wanted): Promise<unknown[]> {
  const total = wanted.limit ?? Number.POSITIVE_INFINITY;
  const items: unknown[] = [];
  let size = PAGE;
  while (items.length < total) {
    const limit = Math.min(size, total - items.length);
    const after = items.at(-1);
    let page: readonly unknown[];
    try {
      page = itemsOf(await ask({ ...wanted, limit, ...(after === undefined ? {} : { after }) }));
    } catch (error) {
      if (!isTooLong(error) || limit === 1) throw error;
      size = Math.floor(limit / 2);
      continue;
    }
    items.push(...page);
    if (page.length < limit) break;
  }
  return items;
}

function itemsOf(answer: unknown): readonly unknown[] {
  const list = Array.isArray(answer) ? answer : Object.values(answer as object).find(Array.isArray);
  return list ?? [];
}

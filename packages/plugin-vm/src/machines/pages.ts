import type { RpcMethods } from '@nook/daemonapi';
import type { VmView } from '../contract.ts';

type Page = Omit<RpcMethods['vm.list']['params'], 'filter'>;
type Place = Pick<VmView, 'created_at' | 'id'>;

interface Placed {
  readonly record: Place;
}

/** What there is in the order in which it was created, a page at a time. */
export class Pages<T extends Placed> {
  #seen: readonly T[] = [];
  #inOrder: readonly T[] = [];

  /**
   * @param all everything, in any order
   * @param wanted what of it is listed
   */
  page(all: readonly T[], { limit, after }: Page, wanted?: (each: T) => boolean): readonly T[] {
    if (all.length !== this.#seen.length || all.some((each, at) => each !== this.#seen[at])) {
      this.#inOrder = all.toSorted((a, b) => order(a.record, b.record));
      this.#seen = all;
    }
    const from = after === undefined ? 0 : this.#firstAfter(after);
    const most = limit ?? Number.POSITIVE_INFINITY;
    if (!wanted) return this.#inOrder.slice(from, from + most);
    const listed: T[] = [];
    for (let at = from; at < this.#inOrder.length && listed.length < most; at++) {
      const each = this.#inOrder[at] as T;
      if (wanted(each)) listed.push(each);
    }
    return listed;
  }

  /** By place: the last one of the page before may have been removed or renamed since. */
  #firstAfter(place: Place): number {
    let [low, high] = [0, this.#inOrder.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order((this.#inOrder[middle] as T).record, place) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function order(a: Place, b: Place): number {
  return a.created_at - b.created_at || (a.id < b.id ? -1 : Number(a.id > b.id));
}

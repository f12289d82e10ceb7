/** A line of at most `limit` items, from which the oldest goes when it is full. */
export class BoundedQueue<T> {
  readonly #limit: number;
  #items: T[] = [];
  /** Items before this index are gone; the array is cut when they are many. */
  #first = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#first;
  }

  get head(): T | undefined {
    return this.#items[this.#first];
  }

  /** @returns the item that had to go, if one had to */
  push(item: T): T | undefined {
    const gone = this.size >= this.#limit ? this.shift() : undefined;
    this.#items.push(item);
    return gone;
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#items[this.#first++] = undefined as T;
    if (this.#first > this.#limit) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** @returns how many there were */
  clear(): number {
    const { size } = this;
    this.#items = [];
    this.#first = 0;
    return size;
  }
}

/** A list on globalThis, so that two physical copies of this package in one process share it. */
export function processWide<T>(name: string): T[] {
  const shared = globalThis as Record<symbol, unknown>;
  const key = Symbol.for(name);
  shared[key] ??= [];
  return shared[key] as T[];
}

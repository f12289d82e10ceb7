/**
 * Names in an order in which each stands after what it depends on, and otherwise as given.
 * @param needs name → what it depends on, all of them names
 * @returns `cycle`: names each of which depends on the next, the first one again at the end
 */
export function sortMachines(
  needs: Readonly<Record<string, readonly string[]>>,
): { readonly order: readonly string[] } | { readonly cycle: readonly string[] } {
  const order: string[] = [];
  const visit = (name: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (order.includes(name)) return undefined;
    for (const needed of needs[name] ?? []) {
      const cycle = visit(needed, [...way, name]);
      if (cycle) return cycle;
    }
    order.push(name);
    return undefined;
  };
  for (const name of Object.keys(needs)) {
    const cycle = visit(name, []);
    if (cycle) return { cycle };
  }
  return { order };
}

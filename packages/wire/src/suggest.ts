import { closest, distance } from 'fastest-levenshtein';

/** The known name that was probably meant, if any is near enough. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 100) return undefined;
  const nearest = closest(name, known);
  // Two swapped letters are a distance of two, which among short names joins what has nothing in common.
  const tolerance = nearest.length <= 3 ? 1 : Math.max(2, Math.floor(nearest.length / 3));
  return distance(name, nearest) <= tolerance ? nearest : undefined;
}

/** As a hint, e.g. "Did you mean 'memory'?", or what there is to choose from. */
export function suggestionHint(name: string, known: readonly string[]): string | undefined {
  const nearest = suggest(name, known);
  if (nearest !== undefined) return `Did you mean '${nearest}'?`;
  return known.length > 0 && known.length <= 20 ? `Known: ${[...known].sort().join(', ')}.` : undefined;
}

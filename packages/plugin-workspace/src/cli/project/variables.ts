/** A `${NAME}` that has no value. */
export interface UnsetVariable {
  readonly name: string;
  /** Keys that lead to the text it stands in. */
  readonly path: readonly string[];
}

/** `$${` is a plain `${`; what else begins with a dollar sign is left as it is. */
const REFERENCE = /\$(?<escaped>\$)?\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<otherwise>[^}]*))?\}/g;

/**
 * Puts the values of variables into every text of `value`, at any depth; keys stay as they are. `${NAME:-TEXT}` is TEXT when
 * the variable is unset or empty.
 */
export function substitute(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly value: unknown; readonly unset: readonly UnsetVariable[] } {
  const unset: UnsetVariable[] = [];
  const inText = (text: string, path: readonly string[]) =>
    text.replace(REFERENCE, (reference, ...rest) => {
      const { escaped, name, otherwise } = rest.at(-1) as Record<string, string | undefined>;
      if (escaped !== undefined) return reference.slice(1);
      const found = env[name as string];
      if (otherwise !== undefined) return found || otherwise;
      if (found === undefined) unset.push({ name: name as string, path });
      return found ?? '';
    });
  const walk = (node: unknown, path: readonly string[]): unknown => {
    if (typeof node === 'string') return inText(node, path);
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, String(index)]));
    if (typeof node !== 'object' || node === null || node instanceof Date) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner, [...path, key])]));
  };
  return { value: walk(value, []), unset };
}

const HEADER = /^\s*\[\[?(?<name>[^\]]+)\]\]?\s*(?:#.*)?$/;
const KEY = /^\s*(?<name>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/;

/**
 * The line, counted from 1, that comes nearest to a key of a TOML file: its own, else that of the table around it. Keys in
 * inline tables and items of arrays are found by what holds them.
 */
export function keyLine(text: string, path: readonly string[]): number | undefined {
  let best: { readonly line: number; readonly depth: number } | undefined;
  let table: readonly string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const header = HEADER.exec(line)?.groups?.name;
    const key = header === undefined ? KEY.exec(line)?.groups?.name : undefined;
    if (header !== undefined) table = segments(header);
    if (header === undefined && key === undefined) continue;
    const here = key === undefined ? table : [...table, ...segments(key)];
    const leads = here.length > 0 && here.every((segment, depth) => segment === path[depth]);
    if (leads && here.length > (best?.depth ?? 0)) best = { line: index + 1, depth: here.length };
  }
  return best?.line;
}

function segments(name: string): string[] {
  return [...name.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(
    ([, ...found]) => found.find((text) => text !== undefined) ?? '',
  );
}

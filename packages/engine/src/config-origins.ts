import { parse } from 'smol-toml';

type Table = Readonly<Record<string, unknown>>;

/**
 * Says at the end of each setting's line where its value comes from: from the file, or nowhere (`default`).
 * @param toml of a whole configuration, a setting on a line, as smol-toml writes it
 * @param file what the file says of it
 */
export function withOrigins(toml: string, file: Table, path: string): string {
  let header = '';
  return toml
    .split('\n')
    .map((line) => {
      if (line.startsWith('[')) header = line;
      if (line === '' || line.startsWith('[')) return line;
      return `${line}  # ${says(file, parse(`${header}\n${line}`)) ? path : 'default'}`;
    })
    .join('\n');
}

/** Whether a table says something of the one setting that `wanted` is. */
function says(table: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return true;
  // A list is the file's as a whole.
  if (Array.isArray(wanted)) return true;
  return Object.entries(wanted).every(
    ([key, inner]) =>
      typeof table === 'object' && table !== null && Object.hasOwn(table, key) && says((table as Table)[key], inner),
  );
}

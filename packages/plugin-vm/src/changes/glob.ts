/**
 * Whether the whole of `text` is as `pattern` says, where `*` is any run of characters and `?` is one. In time bounded
 * by the product of their lengths, whatever the pattern.
 */
export function globMatches(pattern: string, text: string): boolean {
  let [at, from, star, taken] = [0, 0, -1, 0];
  while (from < text.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      taken = from;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++taken;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

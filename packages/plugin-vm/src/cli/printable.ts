/** Text of a guest as a terminal may show it: what could move the cursor or turn letters around is escaped. */
export function printable(text: string | Buffer): string {
  return text
    .toString()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Rows as lines with aligned columns, `gap` spaces between them. The last column is not padded. */
export function columns(rows: readonly (readonly string[])[], gap: number): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] as number) + gap)))
      .join('')
      .trimEnd(),
  );
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** `3 min ago`: the largest whole unit. */
export function ago(milliseconds: number): string {
  for (const [size, unit] of UNITS) {
    if (milliseconds >= size) return `${Math.floor(milliseconds / size)} ${unit} ago`;
  }
  return 'just now';
}

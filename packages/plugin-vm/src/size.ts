const UNITS: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
const PATTERN = /^(?<number>\d+(?:\.\d+)?) ?(?<unit>[kmgt]?)(?:i?b)?$/i;

/** Bytes from a number or from `512MiB`, `2G`, `1.5gb` (all powers of 1024); undefined when it is neither. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  const groups = PATTERN.exec(value.trim())?.groups;
  if (!groups) return undefined;
  const bytes = Math.round(Number(groups.number) * (UNITS[(groups.unit ?? '').toUpperCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** The shortest exact form: `1 GiB`, `512 MiB`, `1000 B`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(UNITS).reverse()) {
    if (bytes >= factor && (bytes * 10) % factor === 0) return `${bytes / factor} ${unit === '' ? 'B' : `${unit}iB`}`;
  }
  return `${bytes} B`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Three digits at most: `312 MiB`, `1.4 GiB`. For people; `formatSize` is exact. */
export function formatAmount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

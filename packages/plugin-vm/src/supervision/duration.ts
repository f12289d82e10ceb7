const UNITS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
const PATTERN =
  /^(?:(?<d>\d+(?:\.\d+)?)d)?(?:(?<h>\d+(?:\.\d+)?)h)?(?:(?<m>\d+(?:\.\d+)?)m)?(?:(?<s>\d+(?:\.\d+)?)s)?$/;

/** Milliseconds from a number of seconds or from `90s`, `30m`, `1h30m`, `2d`; undefined when it is neither. */
export function parseDuration(value: string | number): number | undefined {
  const text = String(value).trim().replaceAll(' ', '');
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const groups = text === '' ? undefined : PATTERN.exec(text)?.groups;
  if (!groups) return undefined;
  return Math.round(Object.entries(UNITS).reduce((sum, [unit, ms]) => sum + Number(groups[unit] ?? 0) * ms, 0));
}

/** `30 m`, `1 h 30 m`, `2.5 s`; of what is longer than a minute whole seconds. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  let left = Math.round(ms / 1000) * 1000;
  const parts: string[] = [];
  for (const [unit, factor] of Object.entries(UNITS)) {
    const count = Math.floor(left / factor);
    left -= count * factor;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

import type { Progress } from '@nook/daemonapi';

/** `download  12.0 of 80.5 MiB  3.1 s  linux-image`. */
export function formatProgress({ stage, done, total, unit, message }: Progress, elapsedMs: number): string {
  return [stage, amount(done, total, unit), elapsed(elapsedMs), message].filter(Boolean).join('  ');
}

function amount(done: number | undefined, total: number | undefined, unit: string | undefined): string | undefined {
  if (done === undefined) return undefined;
  if (unit === 'bytes') {
    const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
    return `${mebibytes(done)}${total === undefined ? '' : ` of ${mebibytes(total)}`} MiB`;
  }
  return `${done}${total === undefined ? '' : ` of ${total}`}${unit ? ` ${unit}` : ''}`;
}

export function elapsed(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1000) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

import type { Progress } from '@nook/daemonapi';

/** What is over sooner than this is not waited for. */
const WORTH_SAYING_MS = 100;

/** `download  12.0 of 80.5 MiB  3.1 s  linux-image`, `boot  0.8 s (usually 1.2 s)  kernel`. */
export function formatProgress(progress: Progress, elapsedMs: number): string {
  const { stage, done, total, unit, message, usual_ms = 0 } = progress;
  const usual = usual_ms < WORTH_SAYING_MS ? '' : ` (usually ${elapsed(usual_ms)})`;
  return [stage, amount(done, total, unit), `${elapsed(elapsedMs)}${usual}`, message].filter(Boolean).join('  ');
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

/** The value below which `share` (0 to 1) of the samples lie: nearest rank. */
function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('there are no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] as number;
}

function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** What a row or a peer keeps of its samples. Percentiles of the tail only where there are enough samples for one. */
export function summary(samples: readonly number[]): { value: number; p99?: number; samples: readonly number[] } {
  return { value: median(samples), samples, ...(samples.length >= 100 ? { p99: percentile(samples, 0.99) } : {}) };
}

/** Runs `work` and gives the milliseconds that it took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** `count` times in a row, the samples in order. */
export async function repeat(count: number, sample: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) samples.push(await sample());
  return samples;
}

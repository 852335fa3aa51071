// Medians and percentiles of samples. Pure. A percentile is a sample that occurred (nearest rank), never one between two,
// and is told only where there are enough samples for it to mean something.

/** Fewest samples for a p90 and for a p99. */
const ENOUGH_FOR_P90 = 10;
const ENOUGH_FOR_P99 = 50;

export interface Summary {
  count: number;
  median: number;
  p90?: number;
  p99?: number;
}

/** The sample below which the `share` (0 to 1) of all samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("There is no percentile of no samples.");
  return found;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("There is no median of no samples.");
  return (lower + upper) / 2;
}

export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: median(samples),
    ...(samples.length >= ENOUGH_FOR_P90 ? { p90: percentile(samples, 0.9) } : {}),
    ...(samples.length >= ENOUGH_FOR_P99 ? { p99: percentile(samples, 0.99) } : {}),
  };
}

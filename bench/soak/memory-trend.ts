/** Whether a process keeps growing: the trend of the least that it held in each stretch of time. */

export interface MemorySample {
  /** seconds since the start */
  readonly at: number;
  readonly megabytes: number;
}

export interface MemoryTrend {
  /** the minimum of each window of the second half; `at` is the window's middle */
  readonly minima: readonly MemorySample[];
  /** megabytes per minute, by least squares over the minima */
  readonly slope: number;
}

/**
 * Minima, because garbage makes a healthy process rise and fall, while what leaks is never given back; the second half, because
 * caches fill up at first.
 *
 * @param samples in their order
 * @param windowSeconds the stretch of time of which the minimum is taken
 * @throws Error when the second half has fewer than three windows: through two points any line is perfect
 */
export function memoryTrend(samples: readonly MemorySample[], windowSeconds: number): MemoryTrend {
  const end = samples.at(-1)?.at ?? 0;
  const half = end / 2;
  const windows = Math.floor((end - half) / windowSeconds);
  if (windows < 3)
    throw new Error(`${windows} windows of ${windowSeconds} s in the second half: expected at least 3`);
  // Counted back from the end, so that what is left over is the oldest.
  const first = end - windows * windowSeconds;
  const minima = Array.from({ length: windows }, (_, window) => {
    const from = first + window * windowSeconds;
    const within = samples.filter(({ at }) => at >= from && at < from + windowSeconds);
    return { at: from + windowSeconds / 2, megabytes: Math.min(...within.map(({ megabytes }) => megabytes)) };
  }).filter(({ megabytes }) => Number.isFinite(megabytes));
  return { minima, slope: slopePerSecond(minima) * 60 };
}

function slopePerSecond(points: readonly MemorySample[]): number {
  const meanAt = points.reduce((sum, { at }) => sum + at, 0) / points.length;
  const meanMegabytes = points.reduce((sum, { megabytes }) => sum + megabytes, 0) / points.length;
  const covariance = points.reduce(
    (sum, { at, megabytes }) => sum + (at - meanAt) * (megabytes - meanMegabytes),
    0,
  );
  const variance = points.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  return covariance / variance;
}

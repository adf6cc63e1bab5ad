/** What is made of several runs. @module */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
}

/** Undefined when there are no values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** A figure, and how far chance alone could move it. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The middle 95 % of the medians of resampled values: how far chance alone could move the median. */
export function bootstrapInterval(
  values: readonly number[],
  random: () => number,
  samples = 10_000,
): readonly [low: number, high: number] {
  return resampled(values, median, random, samples);
}

/** The median of the first values of all rounds by that of the second ones. Whole rounds are resampled: both had the same neighbours. */
export function ratioOfMedians(
  rounds: readonly (readonly [number, number])[],
  random: () => number,
  samples = 10_000,
): Figure {
  const ratio = (some: typeof rounds) => median(some.map(([one]) => one)) / median(some.map(([, other]) => other));
  const [low, high] = resampled(rounds, ratio, random, samples);
  return { value: ratio(rounds), low, high };
}

function resampled<T>(
  values: readonly T[],
  statistic: (values: readonly T[]) => number,
  random: () => number,
  samples: number,
): readonly [low: number, high: number] {
  const draw = () => values.slice(Math.floor(random() * values.length)).slice(0, 1);
  const found = Array.from({ length: samples }, () => statistic(values.flatMap(draw)));
  found.sort((a, b) => a - b);
  const at = (part: number) => found[Math.min(samples - 1, Math.floor(part * samples))] ?? NaN;
  return [at(0.025), at(0.975)];
}

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32), so that an interval can be computed again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

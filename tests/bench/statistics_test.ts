/** Medians and how far chance could move them. */

import assert from "node:assert/strict";
import { bootstrapInterval, median, ratioOfMedians, seededRandom } from "../../bench/statistics.ts";

Deno.test("bench: a bootstrap interval holds the median, is the same for the same seed, and is a point without spread", () => {
  const values = [0.98, 1.01, 0.97, 1.0, 1.03, 0.99, 0.98, 1.02, 0.96, 1.0, 0.99];
  const [low, high] = bootstrapInterval(values, seededRandom(1));
  assert.ok(low <= median(values) && median(values) <= high, `${low} to ${high}`);
  assert.ok(low >= 0.96 && high <= 1.03, `${low} to ${high}`);
  assert.deepEqual(bootstrapInterval(values, seededRandom(1)), [low, high]);
  assert.deepEqual(bootstrapInterval([2, 2, 2], seededRandom(1)), [2, 2]);
});

Deno.test("bench: an interval grows with the spread of the values", () => {
  const width = (spread: number) => {
    const values = Array.from({ length: 15 }, (_, index) => 1 + spread * (index - 7));
    const [low, high] = bootstrapInterval(values, seededRandom(1));
    return high - low;
  };
  assert.ok(width(0.02) > 1.9 * width(0.01), `${width(0.02)} and ${width(0.01)}`);
});

Deno.test("bench: a ratio is that of the medians, and its interval resamples whole rounds", () => {
  const rounds = [[1, 2], [3, 4], [2, 8], [5, 10], [4, 6]] as const;
  const { value, low, high } = ratioOfMedians(rounds, seededRandom(1));
  assert.equal(value, 3 / 6);
  assert.ok(low < value && value < high && low >= 0.25 && high <= 0.75, `${low} to ${high}`);
  // Whatever moves both of a round alike moves no ratio.
  const alike = [1, 5, 2, 9, 3].map((seconds) => [seconds, 2 * seconds] as const);
  assert.deepEqual(ratioOfMedians(alike, seededRandom(1)), { value: 0.5, low: 0.5, high: 0.5 });
});

Deno.test("bench: seeded numbers fill the range from 0 up to 1", () => {
  const random = seededRandom(7);
  const values = Array.from({ length: 1000 }, random);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `${mean}`);
});

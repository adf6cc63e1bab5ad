import assert from "node:assert/strict";
import { Forecast } from "../../src/ui/forecast.ts";
import { ProgressMeter } from "../../src/ui/progress.ts";

const MB = 1_000_000;

interface Told {
  readonly ms: number;
  readonly left: number;
}

/** What a meter tells of a transfer of so many bytes, which has so many of them at each moment, until all are there. */
function series(totalBytes: number, bytesAt: (ms: number) => number): Told[] {
  const meter = new ProgressMeter();
  const told: Told[] = [];
  for (let ms = 0; bytesAt(ms) < totalBytes; ms += 50) {
    const { secondsLeft } = meter.update(ms, { verifiedBytes: bytesAt(ms), totalBytes, listed: true });
    if (secondsLeft !== undefined) told.push({ ms, left: secondsLeft });
  }
  return told;
}

/** The most that what is told rises within a second. */
function worstRise(told: readonly Told[], fromMs: number): number {
  const later = told.filter(({ ms }) => ms >= fromMs);
  return Math.max(...later.map(({ left }, index) => left - (later[index - 20]?.left ?? Infinity)));
}

/** How far what is told is from the truth at most, as a share of it. */
function worstError(told: readonly Told[], fromMs: number, endMs: number): number {
  const truth = (ms: number) => (endMs - ms) / 1000;
  return Math.max(
    ...told.filter(({ ms }) => ms >= fromMs && endMs - ms > 20_000).map(({ ms, left }) =>
      Math.abs(left - truth(ms)) / truth(ms)
    ),
  );
}

Deno.test("time left: at a steady rate it is a clock", () => {
  const told = series(600 * MB, (ms) => ms * MB / 100);
  assert.ok(worstError(told, 1000, 60_000) < 0.01);
  assert.ok(worstRise(told, 1000) < 0);
});

Deno.test("time left: a disk that takes its bytes in bursts does not make it jump", () => {
  // All of each four seconds' bytes come within the first one.
  const bursts = (ms: number) => (Math.floor(ms / 4000) * 4000 + Math.min(4 * (ms % 4000), 4000)) * MB / 100;
  const told = series(1200 * MB, bursts);
  assert.ok(worstRise(told, 20_000) < 1.5, String(worstRise(told, 20_000)));
  assert.ok(worstError(told, 30_000, 117_000) < 0.25, String(worstError(told, 30_000, 117_000)));
});

Deno.test("time left: it follows a rate that really changes", () => {
  // 10 MB/s for a minute, then 2 MB/s.
  const slower = (ms: number) => ms < 60_000 ? ms * MB / 100 : 600 * MB + (ms - 60_000) * MB / 500;
  const told = series(1000 * MB, slower);
  const at = (ms: number) => told.find((one) => one.ms >= ms)?.left ?? NaN;
  assert.ok(Math.abs(at(59_000) - 41) < 1, String(at(59_000)));
  assert.ok(Math.abs(at(110_000) - 150) < 30, String(at(110_000)));
  assert.ok(worstRise(told, 10_000) < 15, String(worstRise(told, 10_000)));
});

Deno.test("time left: a silence that is over does not count as slowness", () => {
  const gap = (ms: number) => (ms < 20_000 ? ms : Math.max(20_000, ms - 30_000)) * MB / 100;
  const told = series(1200 * MB, gap);
  const after = told.filter(({ ms }) => ms >= 51_000);
  assert.ok(worstError(after, 55_000, 150_000) < 0.1, String(worstError(after, 55_000, 150_000)));
});

Deno.test("time left: nothing is told of what is not known, and never less than nothing", () => {
  const forecast = new Forecast();
  assert.equal(forecast.update(0, Infinity), undefined);
  assert.equal(forecast.update(50, NaN), undefined);
  assert.equal(forecast.update(100, 1e9), undefined);
  assert.equal(forecast.update(150, 7), 7);
  assert.equal(forecast.update(60_000, 0), 0);
});

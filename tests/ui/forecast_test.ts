import assert from "node:assert/strict";
import { Forecast } from "../../src/ui/forecast.ts";
import { ProgressMeter } from "../../src/ui/progress.ts";

const MB = 1_000_000;

interface Told {
  readonly ms: number;
  readonly left: number;
}

/** What a meter tells of a transfer of so many bytes, which has so many of them at each moment, until all are there. */
function series(totalBytes: number, bytesAt: (ms: number) => number, isStopped = (_ms: number) => false): Told[] {
  const meter = new ProgressMeter();
  const told: Told[] = [];
  for (let ms = 0; bytesAt(ms) < totalBytes; ms += 50) {
    if (isStopped(ms)) continue;
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

/** Bytes in whole steps, as blocks and acknowledgements bring them. */
function inSteps(stepBytes: number, bytesAt: (ms: number) => number): (ms: number) => number {
  return (ms) => Math.floor(bytesAt(ms) / stepBytes) * stepBytes;
}

/** What is told falls by about a second in each, but for the last ten of them: then a step is a part of it that shows. */
function assertClock(told: readonly Told[], fromMs: number): void {
  const later = told.filter(({ ms, left }) => ms >= fromMs && left >= 10);
  const falls = later.slice(20).map(({ left }, index) => (later[index]?.left ?? NaN) - left);
  const [least, most] = [Math.min(...falls), Math.max(...falls)];
  assert.ok(least > 0.8 && most < 1.2, `it falls by ${least} to ${most} in a second`);
}

Deno.test("time left: nothing is told from a first moment, and what comes before the first byte is no slowness", () => {
  // Three seconds pass until the first byte moves; what had gathered by then comes at once.
  const late = (ms: number) => ms < 3000 ? 0 : 4 * MB + (ms - 3000) * MB / 50;
  const told = series(210 * MB, late);
  const endMs = 3000 + 206 * 50;
  const firstMs = told[0]?.ms ?? NaN;
  assert.ok(firstMs >= 3950 && firstMs <= 5000, `first told at ${firstMs}`);
  for (const { ms, left } of told) assert.ok(Math.abs(left - (endMs - ms) / 1000) < 0.1, `${left} s at ${ms}`);
});

Deno.test("time left: both sides tell the same of a transfer of few blocks a second, whose acknowledgements come in steps", () => {
  const MIB = 1_048_576;
  // One block a second, the sender hearing of each a moment later; and acknowledgements of 8 MiB at 20 MB/s.
  const trickle = (ms: number) => Math.max(0, ms - 300) * MB / 1000;
  const stream = (ms: number) => Math.max(0, ms - 300) * MB / 50;
  const pairs = [
    { total: 60 * MB, receiver: inSteps(MIB, trickle), sender: inSteps(MIB, (ms) => trickle(ms - 150)), endMs: 60_300 },
    { total: 60 * MB, receiver: inSteps(MIB, trickle), sender: inSteps(2 * MIB, trickle), endMs: 60_300 },
    {
      total: 600 * MB,
      receiver: inSteps(MIB, stream),
      sender: inSteps(8 * MIB, (ms) => stream(ms - 80)),
      endMs: 30_300,
    },
  ];
  for (const { total, receiver, sender, endMs } of pairs) {
    const sides = [receiver, sender].map((bytesAt) => series(total, (ms) => ms < endMs ? bytesAt(ms) : total));
    const [atReceiver, atSender] = sides.map((told) => told.find(({ ms }) => ms >= 4300)?.left ?? NaN);
    assert.ok(Math.abs((atReceiver ?? NaN) / (atSender ?? NaN) - 1) < 0.1, `${atReceiver} s and ${atSender} s`);
    for (const told of sides) {
      assert.ok(worstError(told, 0, endMs) < 0.1, `${worstError(told, 0, endMs)} of ${total}`);
      assertClock(told, 0);
    }
  }
});

Deno.test("time left: a rate that doubles until it is reached is told as what it becomes", () => {
  // From a hundredth of 10 MB/s, doubled each 300 ms, as a far path begins: reached after 2 s.
  const grown = (ms: number) => 0.1 * MB / 1000 * 300 / Math.LN2 * (2 ** (Math.min(ms, 2000) / 300) - 1);
  const ramp = (ms: number) => grown(ms) + Math.max(0, ms - 2000) * MB / 100;
  const total = 600 * MB;
  const endMs = 2000 + (total - grown(2000)) / MB * 100;
  const told = series(total, ramp);
  assert.ok(worstError(told, 9000, endMs) < 0.25, String(worstError(told, 9000, endMs)));
  assert.ok(worstError(told, 25_000, endMs) < 0.1, String(worstError(told, 25_000, endMs)));
  assertClock(told, 30_000);
});

Deno.test("time left: what an earlier run had received is no speed, whenever it is found", () => {
  const meter = new ProgressMeter();
  const told: Told[] = [];
  for (let ms = 0; ms < 20_000; ms += 50) {
    // The parts of 500 MB are looked through for two seconds, and then the rest moves.
    const resumedBytes = Math.min(ms, 2000) * MB / 4;
    const moved = Math.max(0, ms - 2000) * MB / 100;
    const verifiedBytes = resumedBytes + moved;
    const { secondsLeft } = meter.update(ms, { verifiedBytes, resumedBytes, totalBytes: 1000 * MB, listed: true });
    if (secondsLeft !== undefined) told.push({ ms, left: secondsLeft });
  }
  assert.ok((told[0]?.ms ?? NaN) >= 3000, `first told at ${told[0]?.ms}`);
  assert.ok(worstError(told, 0, 52_000) < 0.01, String(worstError(told, 0, 52_000)));
});

Deno.test("time left: after a stall nothing is told from a first moment either", () => {
  // What had gathered on the way comes at once when the stall is over.
  const stalled = (ms: number) =>
    ms < 20_000 ? ms * MB / 100 : ms < 50_000 ? 200 * MB : 220 * MB + (ms - 50_000) * MB / 100;
  const told = series(1000 * MB, stalled);
  const after = told.filter(({ ms }) => ms >= 50_000);
  const firstMs = after[0]?.ms ?? NaN;
  assert.ok(firstMs >= 50_950 && firstMs <= 52_000, `first told at ${firstMs}`);
  assert.ok(worstError(after, 50_000, 128_000) < 0.05, String(worstError(after, 50_000, 128_000)));
  assertClock(after, 50_000);
});

Deno.test("time left: a process that was stopped itself, and saw no stall, begins anew as well", () => {
  const isStopped = (ms: number) => ms >= 20_000 && ms < 45_000;
  const stopped = (ms: number) => (ms < 20_000 ? ms : isStopped(ms) ? 20_000 : ms - 25_000) * MB / 100;
  const after = series(1000 * MB, stopped, isStopped).filter(({ ms }) => ms >= 45_000);
  const firstMs = after[0]?.ms ?? NaN;
  assert.ok(firstMs >= 45_950 && firstMs <= 47_000, `first told at ${firstMs}`);
  assert.ok(worstError(after, 45_000, 125_000) < 0.05, String(worstError(after, 45_000, 125_000)));
  assertClock(after, 45_000);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { widthOf } from "../../src/ui/escape.ts";
import {
  progressDetail,
  ProgressMeter,
  progressShare,
  renderStatusLine,
  type StatusState,
} from "../../src/ui/progress.ts";

const MB = 1_000_000;

const STATE: StatusState = {
  name: "movie.mkv",
  bytes: 89 * MB,
  totalBytes: 315 * MB,
  files: 6,
  filesArrived: 1,
  filesPresent: 0,
  movedBytes: 0,
  resumedBytes: 0,
  partBytes: 0,
  listed: true,
  isConfirmed: true,
  hashesHoles: false,
  rate: 200_000_000,
  lastSecondRate: 184_800_000,
  secondsLeft: 9.8,
  stalledSeconds: undefined,
};

Deno.test("T53 at 80 columns there are name, bar, percent, bytes, speed, time left and files", () => {
  const line = "movie.mkv   28%  [==>        ]   89/315 MB  23.1 MB/s     10s left  1/6 files";
  assert.equal(renderStatusLine(STATE, 80), line);
  const wide = renderStatusLine(STATE, 120);
  assert.match(wide, /^movie\.mkv {3}28% {2}\[=+> +\] {3}89\/315 MB {2}23\.1 MB\/s {5}10s left {2}1\/6 files$/);
  const single = renderStatusLine({ ...STATE, files: 1, filesArrived: 0 }, 80);
  assert.match(single, /^movie\.mkv {3}28% {2}\[=+> +\] {3}89\/315 MB {2}23\.1 MB\/s {5}10s left$/);
});

Deno.test("T53 nothing jumps: the bar keeps its place and its width while the numbers change", () => {
  const places = [[0, 0, 0], [5, 1, 99_999], [89, 2, 9.8], [314, 5, 0.2]].map(([bytes = 0, files = 0, left = 0]) => {
    const rates = { lastSecondRate: bytes * 8e6, secondsLeft: left };
    const line = renderStatusLine({ ...STATE, ...rates, bytes: bytes * MB, filesArrived: files }, 90);
    return [line.indexOf("["), line.indexOf("]"), line.indexOf("files")];
  });
  for (const place of places) assert.deepEqual(place, places[0]);
});

Deno.test("J3 a narrower terminal leaves out what matters least, and no line ever wraps", () => {
  assert.equal(renderStatusLine(STATE, 60), " 28%  [==>          ]   89/315 MB  23.1 MB/s     10s left");
  assert.match(renderStatusLine(STATE, 45), /^ 28% {2}\[=*>? *\] {2}23\.1 MB\/s {5}10s left$/);
  assert.equal(renderStatusLine(STATE, 12), " 28%");
  const bytes = fc.maxSafeNat();
  const state = fc.record({
    name: fc.string({ unit: "grapheme-ascii" }),
    bytes,
    totalBytes: bytes,
    files: fc.nat(2_000_000),
    filesArrived: fc.nat(2_000_000),
    filesPresent: fc.constant(0),
    movedBytes: fc.constant(0),
    resumedBytes: fc.constant(0),
    partBytes: fc.constant(0),
    listed: fc.boolean(),
    isConfirmed: fc.boolean(),
    rate: fc.double({ min: 0, max: 1e13, noNaN: true }),
    lastSecondRate: fc.double({ min: 0, max: 1e13, noNaN: true }),
    secondsLeft: fc.option(fc.double({ min: 0, max: 360_000, noNaN: true }), { nil: undefined }),
    stalledSeconds: fc.option(fc.nat(100_000), { nil: undefined }),
    hashesHoles: fc.boolean(),
  });
  fc.assert(fc.property(state, fc.nat(200), (one, columns) => {
    return widthOf(renderStatusLine(one, columns)) < Math.max(columns, 1);
  }));
});

Deno.test("while files are still being listed there is no percentage to believe in", () => {
  const line = renderStatusLine({ ...STATE, listed: false, secondsLeft: undefined }, 100);
  assert.doesNotMatch(line, /%|left|files/);
  assert.match(line, /89\.0 MB so far/);
});

Deno.test("T50 a silent peer is shown as that, and not as an average that falls", () => {
  const meter = new ProgressMeter("movie.mkv");
  const report = { verifiedBytes: 50 * MB, totalBytes: 100 * MB, listed: true };
  let state = meter.update(0, { ...report, verifiedBytes: 0 });
  state = meter.update(1000, report);
  for (let ms = 1100; ms <= 1900; ms += 100) state = meter.update(ms, report);
  assert.equal(state.stalledSeconds, undefined);
  state = meter.update(9000, report);
  assert.equal(state.stalledSeconds, 8);
  assert.match(renderStatusLine(state, 80), /50% .*50\/100 MB {2}stalled for 8 s$/);
  assert.equal(progressDetail(state), "50/100 MB, stalled for 8 s");
  assert.equal(meter.update(9100, { ...report, verifiedBytes: 60 * MB }).stalledSeconds, undefined);
  // At the end the disk may take its time.
  meter.update(9200, { ...report, verifiedBytes: 100 * MB });
  assert.equal(meter.update(20_000, { ...report, verifiedBytes: 100 * MB }).stalledSeconds, undefined);
});

Deno.test("the bar is full only when everything is there", () => {
  const almost = renderStatusLine({ ...STATE, bytes: 315 * MB - 1 }, 80);
  const full = renderStatusLine({ ...STATE, bytes: 315 * MB, filesArrived: 6 }, 80);
  assert.match(almost, / 99% {2}\[=+> *\]/);
  assert.match(full, /100% {2}\[=+\]/);
});

Deno.test("nothing shows 100 % before both sides have confirmed the end", () => {
  const whole = { ...STATE, bytes: 315 * MB, filesArrived: 6, isConfirmed: false };
  assert.match(renderStatusLine(whole, 80), / 99% {2}\[=+> *\]/);
  assert.equal(progressShare(whole), "99.9%");
  assert.equal(progressShare({ ...whole, isConfirmed: true }), "100.0%");
  // Also where there is nothing to move.
  const empty = { ...whole, bytes: 0, totalBytes: 0, files: 1, filesArrived: 1 };
  assert.equal(progressShare(empty), "99.9%");
});

Deno.test("T32: empty files count towards the percentage, which is 100 only when all of them are there", () => {
  const empty = { ...STATE, bytes: 0, totalBytes: 0, files: 300_000, secondsLeft: undefined };
  assert.match(renderStatusLine({ ...empty, filesArrived: 0 }, 80), / 0% {2}\[ +\]/);
  assert.match(renderStatusLine({ ...empty, filesArrived: 150_000 }, 80), / 50% {2}\[=+> +\]/);
  assert.match(renderStatusLine({ ...empty, filesArrived: 299_999 }, 80), / 99% /);
  assert.match(renderStatusLine({ ...empty, filesArrived: 300_000 }, 80), /100% /);
  assert.doesNotMatch(renderStatusLine({ ...empty, listed: false, filesArrived: 9 }, 80), /%/);
});

Deno.test("T31: when only holes are left to hash, that stands in place of the speed", () => {
  const holes = { ...STATE, hashesHoles: true, lastSecondRate: 0, stalledSeconds: 4 };
  assert.match(renderStatusLine(holes, 80), /hashing holes/);
  assert.doesNotMatch(renderStatusLine(holes, 80), /stalled/);
  assert.match(progressDetail(holes), /hashing holes/);
});

Deno.test("T31: no time left is told of files that are holes for the most part", () => {
  const meter = new ProgressMeter();
  const report = { totalBytes: 100 * MB, listed: true };
  meter.update(0, { ...report, verifiedBytes: 0 });
  assert.equal(Math.round(meter.update(1000, { ...report, verifiedBytes: MB }).secondsLeft ?? 0), 99);
  assert.equal(meter.update(2000, { ...report, verifiedBytes: 2 * MB, isMostlyHoles: true }).secondsLeft, undefined);
});

Deno.test("the average hides a stall and the last second shows it", () => {
  const meter = new ProgressMeter();
  const report = (verifiedBytes: number) => ({ verifiedBytes, totalBytes: 100 * MB, listed: true });
  for (let ms = 0; ms <= 2000; ms += 100) meter.update(ms, report(ms / 2000 * 50 * MB));
  let state = meter.update(2000, report(50 * MB));
  assert.equal(Math.round(state.rate / 1e6), 200);
  assert.equal(Math.round(state.lastSecondRate / 1e6), 200);
  assert.equal(Math.round((state.secondsLeft ?? 0) * 1000), 2000);
  for (let ms = 2100; ms <= 4000; ms += 100) state = meter.update(ms, report(50 * MB));
  assert.equal(Math.round(state.rate / 1e6), 100);
  assert.equal(state.lastSecondRate, 0);
});

Deno.test("bytes that the receiver had already are progress but no speed", () => {
  const meter = new ProgressMeter();
  meter.update(0, { verifiedBytes: 0, totalBytes: 100 * MB, listed: true, presentBytes: 0 });
  const state = meter.update(1000, {
    verifiedBytes: 90 * MB,
    totalBytes: 100 * MB,
    listed: true,
    presentBytes: 80 * MB,
  });
  assert.equal(state.bytes, 90 * MB);
  assert.equal(Math.round(state.rate / 1e6), 80);
});

Deno.test("blocks that an earlier run received are progress but no speed", () => {
  const meter = new ProgressMeter();
  meter.update(0, { verifiedBytes: 0, totalBytes: 100 * MB, listed: true });
  const resumed = meter.update(500, {
    verifiedBytes: 50 * MB,
    totalBytes: 100 * MB,
    listed: true,
    resumedBytes: 50 * MB,
  });
  assert.deepEqual([resumed.bytes, resumed.rate, resumed.movedBytes], [50 * MB, 0, 0]);
  const state = meter.update(1000, {
    ...{ verifiedBytes: 70 * MB, totalBytes: 100 * MB, listed: true },
    ...{ presentBytes: 5 * MB, resumedBytes: 55 * MB },
  });
  assert.equal(Math.round(state.rate / 1e6), 80);
  assert.equal(state.movedBytes, 10 * MB);
});

Deno.test("J1 rates are never negative or infinite, however the reports come", () => {
  const step = fc.tuple(fc.nat(3000), fc.nat(1000));
  fc.assert(fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
    const meter = new ProgressMeter();
    let now = 0;
    return steps.every(([ms, verifiedBytes]) => {
      now += ms;
      const state = meter.update(now, { verifiedBytes, totalBytes: 1000, listed: true });
      return [state.rate, state.lastSecondRate, state.secondsLeft ?? 0].every((value) =>
        value >= 0 && Number.isFinite(value)
      );
    });
  }));
});

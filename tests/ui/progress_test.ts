import assert from "node:assert/strict";
import fc from "fast-check";
import { ProgressMeter, renderStatusLine, type StatusState } from "../../src/ui/progress.ts";

const MB = 1_000_000;

const STATE: StatusState = {
  bytes: 252 * MB,
  totalBytes: 600 * MB,
  listed: true,
  rate: 8_123_400_000,
  lastSecondRate: 8_350_100_000,
  secondsLeft: 6.2,
};

Deno.test("a wide terminal shows bar, percent, both rates, bytes and time left", () => {
  assert.equal(
    renderStatusLine(STATE, 120),
    `[${"=".repeat(12)}>${
      " ".repeat(20)
    }]   42.0%  8123.4 Mbps  (last second 8350.1 Mbps)  252.0 MB of 600.0 MB  0:00:07 left`,
  );
});

Deno.test("J3 a narrower terminal leaves out what matters least, and no line ever wraps", () => {
  assert.match(
    renderStatusLine(STATE, 80),
    /^\[=+> +\] {3}42\.0% {2}8123\.4 Mbps {2}252\.0 MB of 600\.0 MB {2}0:00:07 left$/,
  );
  assert.match(renderStatusLine(STATE, 45), /^ 42\.0% {2}8123\.4 Mbps {2}0:00:07 left$/);
  assert.equal(renderStatusLine(STATE, 15), " 42.0%");
  const bytes = fc.maxSafeNat();
  const state = fc.record({
    bytes,
    totalBytes: bytes,
    listed: fc.boolean(),
    rate: fc.double({ min: 0, max: 1e13, noNaN: true }),
    lastSecondRate: fc.double({ min: 0, max: 1e13, noNaN: true }),
    secondsLeft: fc.option(fc.double({ min: 0, max: 360_000, noNaN: true }), { nil: undefined }),
  });
  fc.assert(fc.property(state, fc.nat(200), (one, columns) => {
    const line = renderStatusLine(one, columns);
    return line.length < Math.max(columns, 1) && /^[\x20-\x7e]*$/.test(line);
  }));
});

Deno.test("while files are still being listed there is no percentage to believe in", () => {
  const line = renderStatusLine({ ...STATE, listed: false, secondsLeft: undefined }, 100);
  assert.doesNotMatch(line, /%|left/);
  assert.match(line, /252\.0 MB of 600\.0 MB so far/);
});

Deno.test("the bar is full only when everything is there", () => {
  const almost = renderStatusLine({ ...STATE, bytes: 600 * MB - 1 }, 80);
  const full = renderStatusLine({ ...STATE, bytes: 600 * MB }, 80);
  assert.match(almost, /> *\]/);
  assert.match(full, /\[=+\] {2}100\.0%/);
});

Deno.test("the average hides a stall and the last second shows it", () => {
  const meter = new ProgressMeter();
  const report = (verifiedBytes: number) => ({ verifiedBytes, totalBytes: 100 * MB, listed: true });
  for (let ms = 0; ms <= 2000; ms += 100) meter.update(ms, report(ms / 2000 * 50 * MB));
  let state = meter.update(2000, report(50 * MB));
  assert.equal(Math.round(state.rate / 1e6), 200);
  assert.equal(Math.round(state.lastSecondRate / 1e6), 200);
  assert.equal(state.secondsLeft, 2);
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

import assert from "node:assert/strict";
import { shared } from "../../bench/flows.ts";
import { intervalBytes } from "../../bench/scenarios/sharing.ts";

/** Even progress of one sample a second. */
function flow(from: number, to: number, bytesPerSecond: number) {
  return Array.from(
    { length: to - from + 1 },
    (_, index) => ({ seconds: from + index, bytes: index * bytesPerSecond }),
  );
}

Deno.test("two flows are compared while both run, between samples too", () => {
  assert.deepEqual(shared(flow(0, 10, 100), flow(4, 20, 50)), { seconds: 5, bytes: [500, 250] });
  const half = flow(0, 10, 100).map(({ seconds, bytes }) => ({ seconds: seconds + 0.5, bytes }));
  assert.deepEqual(shared(half, flow(0, 10, 10)), { seconds: 8.5, bytes: [850, 85] });
});

Deno.test("flows that never meet share nothing", () => {
  assert.equal(shared(flow(0, 3, 1), flow(5, 9, 1)), undefined);
  assert.equal(shared([], flow(5, 9, 1)), undefined);
});

Deno.test("iperf3's lines of intervals are read, its sums and heads are not", () => {
  assert.equal(intervalBytes("[  5]   0.20-0.40   sec  11.4 MBytes  480000 Kbits/sec                  "), 12_000_000);
  assert.equal(intervalBytes("[ ID] Interval           Transfer     Bitrate"), undefined);
  assert.equal(intervalBytes("Server listening on 40123 (test #1)"), undefined);
});

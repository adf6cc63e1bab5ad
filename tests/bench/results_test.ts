import assert from "node:assert/strict";
import { format, newest } from "../../bench/results.ts";
import { median, spread } from "../../bench/statistics.ts";
import { transfers } from "./support.ts";

Deno.test("a median is the middle value, or the mean of the two in the middle", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spread([5, 1, 3]), { median: 3, least: 1, most: 5 });
  assert.equal(spread([]), undefined);
});

Deno.test("what is saved is the same JSON, with each run on a line of its own", () => {
  const result = transfers();
  const text = format(result);
  assert.deepEqual(JSON.parse(text), result);
  const usages = text.split("\n").filter((line) => line.includes('"sender":'));
  assert.equal(usages.length, result.peers.flatMap((peer) => peer.runs.filter((run) => run.usage)).length);
});

Deno.test("of each scenario and path the newest result counts", () => {
  const [old, fresh] = [transfers({ date: "2026-01-01" }), transfers({ date: "2026-02-01" })];
  const other = transfers({ date: "2025-01-01", path: "wan" });
  assert.deepEqual(newest([fresh, other, old]), [fresh, other]);
});

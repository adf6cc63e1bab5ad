import assert from "node:assert/strict";
import type { Gate, Measure } from "../../bench/gates/list.ts";
import { gateTable, missed, verdicts } from "../../bench/gates/verdicts.ts";
import { section } from "../../bench/report.ts";
import type { Measured, TransferResult } from "../../bench/results.ts";
import { measured, transfers } from "./support.ts";

const gate = (measure: Measure, must: number, aim?: number, changes: Partial<Gate> = {}): Gate => ({
  scenario: "trees",
  path: "wan",
  peer: "ultra",
  measure,
  must,
  ...aim !== undefined && { aim },
  ...changes,
});

const box = (wireBytes: number): NonNullable<Measured["box"]> => ({
  keptUp: true,
  cpuSeconds: 1,
  lateP99Ms: 0,
  lost: 0,
  droppedByQueue: 0,
  wireBytes,
});

/** `ultra` takes 2, 1 and 4 s, scp 4, 3 and 6 s. */
function trees(changes: (run: Measured) => Partial<Measured> = () => ({})): TransferResult {
  const result = transfers({ scenario: "trees", path: "wan" });
  const peers = result.peers.map((peer) => ({ ...peer, runs: peer.runs.map((run) => ({ ...run, ...changes(run) })) }));
  return { ...result, peers };
}

/** The figure, and what became of must and aim. */
function judged(one: Gate, result: TransferResult) {
  const [verdict] = verdicts([result], [one]);
  assert.ok(verdict);
  return [verdict.figure?.value ?? verdict.why, missed(verdict, "must"), missed(verdict, "aim")];
}

Deno.test("a ratio is held against must and aim, and what is equal to a bound meets it", () => {
  const beside = { kind: "ratio", beside: "scp" } as const;
  assert.deepEqual(judged(gate(beside, 0.5, 0.4), trees()), [0.5, false, true]);
  assert.deepEqual(judged(gate(beside, 0.49), trees()), [0.5, true, false]);
  assert.deepEqual(judged(gate({ kind: "seconds" }, 1.9, 2), trees()), [2, true, false]);
});

Deno.test("memory and bytes on the wire are the worst of all rounds, of the worse side", () => {
  const small = { cpuSeconds: 1, peakBytes: 10e6 };
  const usage = ({ round }: Measured) => ({ sender: small, receiver: { cpuSeconds: 1, peakBytes: round * 50e6 } });
  const result = trees((run) => ({ usage: usage(run), box: box(100e6 + run.round * 1e6) }));
  assert.deepEqual(judged(gate({ kind: "peak" }, 150, 128), result), [150, false, true]);
  assert.deepEqual(judged(gate({ kind: "wire" }, 102), result), [103, true, false]);
});

Deno.test("what was not measured is neither met nor missed, and says why", () => {
  const beside = (name: string): Measure => ({ kind: "ratio", beside: name });
  assert.deepEqual(judged(gate(beside("scp"), 1, 1, { path: "far" }), trees()), ["not measured", false, false]);
  assert.deepEqual(judged(gate(beside("qcp"), 1), trees())[0], "this is missing: qcp");
  assert.deepEqual(judged(gate(beside("croc"), 1), trees())[0], "croc took no part");
  assert.deepEqual(judged(gate({ kind: "wire" }, 1), trees())[0], "not in these results");
  const late = { ...box(1), keptUp: false };
  assert.deepEqual(judged(gate({ kind: "seconds" }, 1), trees(() => ({ box: late })))[0], "no run of ultra counts");
  const failed = transfers({ scenario: "trees", path: "wan" });
  const peers = failed.peers.map((peer) => ({ ...peer, runs: [], failures: [{ round: 1, why: "it broke" }] }));
  assert.deepEqual(judged(gate({ kind: "seconds" }, 1), { ...failed, peers })[0], "ultra failed");
});

Deno.test("rounds in which only one of both counts are left out of a ratio", () => {
  const [ultra, scp] = trees().peers;
  assert.ok(ultra && scp);
  const result = { ...trees(), peers: [ultra, { ...scp, runs: [measured(2, 4), measured(7, 1)] }] };
  assert.equal(judged(gate({ kind: "ratio", beside: "scp" }, 1), result)[0], 0.25);
});

Deno.test("the table of gates has a row for each, and the report says of which nothing was measured", () => {
  const gates = [
    gate({ kind: "ratio", beside: "scp" }, 0.6, 0.4),
    gate({ kind: "peak" }, 256, undefined, { path: "far" }),
  ];
  const text = gateTable(verdicts([trees()], gates)).join("\n");
  assert.match(
    text,
    /^\| trees on wan +\| +ultra by scp \| +0\.50 \| +0\.33-0\.67 \| +<= 0\.6 met \| <= 0\.4 missed \|$/m,
  );
  assert.match(text, /^\| trees on far +\| ultra, peak MB of a side \| not measured \| +\| +<= 256 \| +\|$/m);
  const heading = "### What trees have to reach";
  assert.ok(!section([trees()]).includes(heading));
  const report = section([transfers({ scenario: "10-kib", path: "far" })]);
  assert.ok(report.includes(heading));
  assert.equal(report.filter((line) => line.startsWith("| 10-kib on far")).length, 1);
  assert.ok(report.some((line) => line.startsWith("| 1m-files") && line.includes("not measured")));
});

import assert from "node:assert/strict";
import { median, type Report, tableOf } from "../../bench/report.ts";

function run(seconds: number) {
  const usage = { cpuSeconds: 2 * seconds, peakBytes: 50e6 };
  return { seconds, sender: usage, receiver: usage };
}

const report: Report = {
  date: "2026-01-01T00:00:00.000Z",
  scenario: "one-file",
  flags: { runs: 3 },
  storage: "tmpfs",
  bytes: 2e9,
  machine: { processor: "", cores: 2, memoryBytes: 0, system: "", kernel: "", deno: "", commit: "" },
  peers: [
    { name: "ultra", command: "", version: "", runs: [run(2), run(1), run(4)] },
    { name: "scp", command: "", version: "", runs: [run(4), run(3), run(6)] },
  ],
  skipped: [{ name: "rsync", why: "rsync" }],
  memoryRates: [1e9, 3e9],
};

Deno.test("a median is the middle value, or the mean of the two in the middle", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

Deno.test("the table shows medians, ratios, what was skipped and the memory rate", () => {
  const text = tableOf(report).join("\n");
  assert.match(text, /^ultra\s+2\.00\s+\(1\.00-4\.00\)\s+1000\s+2\.00\s+2\.00\s+50\s+50$/m);
  assert.match(text, /^ratio ultra\/scp: 2\.00 \(rounds: 1\.50 to 3\.00\)$/m);
  assert.match(text, /^skipped: rsync, because this is missing: rsync$/m);
  assert.match(text, /^the engine from memory to memory: 2000 MB\/s$/m);
  assert.match(tableOf({ ...report, memoryRates: "it is missing" }).join("\n"), /^skipped: .*because it is missing$/m);
});

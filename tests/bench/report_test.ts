import assert from "node:assert/strict";
import { chartOf, section, spliced } from "../../bench/report.ts";
import type { SharingResult, TransferResult } from "../../bench/results.ts";
import { svgOf } from "../../bench/svg.ts";
import { tableOf } from "../../bench/table.ts";
import { measured, transfers } from "./support.ts";

const textOf = (result: TransferResult | SharingResult) => tableOf(result).join("\n");
/** The cells of the row that begins with a name. */
function row(text: string, name: string): string[] {
  const line = text.split("\n").find((line) => line.startsWith(`| ${name} `));
  return line?.split("|").slice(1, -1).map((cell) => cell.trim()) ?? [];
}

Deno.test("the table shows medians with their range, the part of the memory rate, ratios and costs", () => {
  const text = textOf(transfers());
  assert.deepEqual(row(text, "ultra"), ["ultra", "1000 (500-2000)", "40 %", "", "2.00", "2.00", "2.00", "50", "50"]);
  assert.deepEqual(row(text, "scp").slice(0, 4), ["scp", "500 (333-667)", "20 %", "2.00 x (1.50-3.00)"]);
  assert.deepEqual(row(text, "*memory-cubic*").slice(0, 3), ["*memory-cubic*", "2500", "100 %"]);
  assert.match(text, /^qcp was skipped, because this is missing: qcp\.$/m);
});

Deno.test("on a path rates are in bits, ceilings are those of the round, and a run without its path does not count", () => {
  const box = { cpuSeconds: 1, lateP99Ms: 0, lost: 0, droppedByQueue: 0 };
  const [ultra, scp] = transfers().peers;
  assert.ok(ultra && scp);
  const text = textOf(transfers({
    path: "wan",
    rounds: 2,
    ceilings: [{ round: 1, mbit: 400 }, { round: 2, mbit: 800 }],
    peers: [
      {
        ...ultra,
        runs: [
          measured(1, 1, { box: { ...box, keptUp: false } }),
          measured(1, 80, { box: { ...box, keptUp: true } }),
          measured(2, 40, { box: { ...box, keptUp: true } }),
        ],
      },
      { ...scp, bytes: 16 * 1024 * 1024, runs: [], failures: [{ round: 1, why: "it broke\nbadly" }] },
    ],
  }));
  assert.deepEqual(row(text, "ultra").slice(0, 3), ["ultra", "300 (200-400)", "50 %"]);
  assert.deepEqual(row(text, "scp (16 MiB)").slice(0, 4), ["scp (16 MiB)", "", "", ""]);
  assert.match(text, /^ultra: 1 runs do not count, because the box did not keep up\.$/m);
  assert.match(text, /^scp failed 1 times: it broke\.$/m);
});

const sharing: SharingResult = {
  ...transfers({ scenario: "sharing", title: "Sharing", path: "metro", rounds: 2 }),
  kind: "sharing",
  cases: [
    {
      name: "two",
      title: "two",
      flows: ["ultra", "ultra"],
      failures: [],
      rounds: [
        { round: 1, keptUp: true, seconds: 10, bytes: [600e6, 400e6], ended: [8, 10] },
        { round: 2, keptUp: true, seconds: 10, bytes: [300e6, 700e6], ended: [12, 10] },
        { round: 2, keptUp: false, seconds: 10, bytes: [1, 999e6], ended: [1, 2] },
      ],
    },
    {
      name: "tcp",
      title: "tcp",
      flows: ["ultra", "TCP"],
      failures: [],
      rounds: [{ round: 1, keptUp: true, seconds: 8, bytes: [100e6, 300e6] }],
    },
  ],
};

Deno.test("of two equal flows the smaller part tells, beside another one what is left to it", () => {
  const text = textOf(sharing);
  assert.deepEqual(row(text, "two"), ["two", "360 (240-480)", "440 (320-560)", "35.0 (30.0-40.0)", "9.00 and 11.0"]);
  assert.deepEqual(row(text, "tcp"), ["tcp", "100", "300", "75.0", ""]);
});

Deno.test("the report keeps the prose around its marks, and names every peer once", () => {
  const lines = section([transfers(), transfers({ path: "wan" }), sharing]);
  const page = "before\n<!-- bench/report.ts writes from here -->\nold\n<!-- to here -->\nbehind\n";
  const text = spliced(page, lines);
  assert.ok(text.startsWith("before\n<!-- bench") && text.endsWith("<!-- to here -->\nbehind\n"));
  assert.ok(!text.includes("old"));
  assert.equal(spliced(text, lines), text, "a second time changes nothing");
  assert.equal(text.match(/^\| scp \| OpenSSH \| `tar \\\| scp` \|$/gm)?.length, 1);
  assert.equal(text.match(/!\[.*\]\(benchmarks\/one-file-(loopback|wan)\.svg\)/g)?.length, 2);
  assert.throws(() => spliced("no marks", lines), /needs the lines/);
});

Deno.test("a chart has a bar for each peer that was measured, scaled to the highest value, and the limit", () => {
  const chart = chartOf(transfers());
  assert.deepEqual(chart?.bars.map(({ label, kind }) => [label, kind]), [
    ["ultra", "own"],
    ["scp", "tool"],
    ["memory-bbr", "bound"],
    ["memory-cubic", "bound"],
  ]);
  assert.deepEqual(chart?.limit, { label: "memory rate", value: 2500 });
  assert.ok(chart);
  const svg = svgOf({ ...chart, title: "a < b & c" });
  assert.match(svg, /^<svg xmlns=.*<text class="title" x="0" y="16">a &lt; b &amp; c<\/text>/s);
  assert.equal(svg.match(/<rect class="(own|tool|clear|bound)" x="190"/g)?.length, 4);
  // The widest bar is the median of 2500 MB/s, 500 wide; ultra's is 1000.
  assert.match(svg, /<rect class="own" x="190" y="67" width="200" height="16"\/>/);
});

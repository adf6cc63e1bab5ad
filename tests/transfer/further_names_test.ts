import assert from "node:assert/strict";
import { reasonOfCode } from "../../src/protocol/codes.ts";
import type { Existing, TargetStatus } from "../../src/protocol/words.ts";
import { type Item, ReceiverBench, summaryOf } from "./harness.ts";

/** A file, two further names of it, and another file. */
const NAMES: readonly Item[] = [["a", 5], ["b", { linkedTo: 0 }], ["c", { linkedTo: 0 }], ["d", 5]];

/** How a receiver ends that found these, and takes what it may: what it needs, what it leaves out, and with which code. */
function taken(
  statuses: readonly TargetStatus[],
  existing: Existing = "refuse",
  isWanted: (path: string) => boolean = () => true,
) {
  const bench = new ReceiverBench({ existing, isWanted }).takeAll(NAMES, statuses);
  const needed = bench.sent.flatMap((message) => message.type === "need" ? message.items : [])
    .flatMap((item) => item.what === "all" ? Array.from({ length: item.entries }, (_, at) => item.entry + at) : []);
  const isFile = (entry: number) => typeof NAMES[entry]?.[1] === "number";
  const [files, names] = [needed.filter(isFile), needed.filter((entry) => !isFile(entry))];
  for (const first of files) bench.handle({ type: "arrived", first, count: 1 });
  for (const first of [...files, ...names]) bench.handle({ type: "committed", first, count: 1, durable: true });
  bench.handle({ type: "folders-finished", failure: undefined });
  const counts = bench.sent.flatMap((message) => message.type === "left-out" ? message.counts : []);
  const leftOut = Object.fromEntries(counts.map(({ reason, count }) => [reasonOfCode(reason), count]));
  const { exitKind, exitKindIfAccepted } = summaryOf(bench.receive({ type: "bye" }).outcome);
  return { needed, leftOut, exitKinds: [exitKind, exitKindIfAccepted] };
}

Deno.test("T6: further names of a file that is left out are left out with it, one by one, and accepted with it", () => {
  for (
    const [status, reason] of [
      ["hidden", "hidden"],
      ["different", "exists"],
      ["in-the-way", "in-the-way"],
      ["name-refused", "name-refused"],
      ["busy", "busy"],
    ] as const
  ) {
    assert.deepEqual(
      taken([status, "absent", "absent", "absent"]),
      { needed: [3], leftOut: { [reason]: 1, "first-name": 2 }, exitKinds: ["some-failed", "done"] },
      status,
    );
  }
});

Deno.test("D17: further names of a file that stays by choice stay out by choice: no failure", () => {
  for (const [existing, status] of [["skip", "different"], ["update", "not-older"]] as const) {
    assert.deepEqual(
      taken([status, "absent", "absent", "absent"], existing),
      { needed: [3], leftOut: { kept: 1, chosen: 2 }, exitKinds: ["done", "done"] },
    );
    // What was never there is not kept; what is there and differs is.
    assert.deepEqual(taken([status, "absent", status, "absent"], existing).leftOut, { kept: 2, chosen: 1 });
  }
});

Deno.test("a further name of a file that nobody asked for is missing, and not left out by choice", () => {
  assert.deepEqual(
    taken(["absent", "absent", "absent", "absent"], "refuse", (path) => path === "b"),
    { needed: [], leftOut: { chosen: 3, "first-name": 1 }, exitKinds: ["some-failed", "done"] },
  );
});

Deno.test("further names of a file that is taken, or there, are made; those that are there stay", () => {
  assert.deepEqual(taken(["absent", "absent", "identical", "absent"]).needed, [0, 1, 3]);
  assert.deepEqual(taken(["identical", "absent", "absent", "absent"]).needed, [1, 2, 3]);
  assert.deepEqual(taken(["different", "absent", "absent", "absent"], "replace").needed, [0, 1, 2, 3]);
  assert.deepEqual(taken(["hidden", "identical", "different", "absent"]), {
    needed: [3],
    leftOut: { hidden: 1, exists: 1 },
    exitKinds: ["some-failed", "done"],
  });
});

Deno.test("the file of a further name may stand on an earlier page", () => {
  for (const [existing, reason] of [["refuse", "exists"], ["skip", "kept"]] as const) {
    const bench = new ReceiverBench({ existing }).take(NAMES.slice(0, 1), ["different"]);
    bench.take(NAMES.slice(1), undefined, 1e15, 1).receive({ type: "pages-end", entries: 4, bytes: 10 });
    bench.handle({ type: "arrived", first: 3, count: 1 });
    bench.handle({ type: "committed", first: 3, count: 1, durable: true });
    bench.handle({ type: "folders-finished", failure: undefined });
    const [counts] = bench.sent.flatMap((message) => message.type === "left-out" ? [message.counts] : []);
    const expected = reason === "kept" ? [["kept", 1], ["chosen", 2]] : [["exists", 1], ["first-name", 2]];
    assert.deepEqual(counts?.map(({ reason, count }) => [reasonOfCode(reason), count]), expected);
  }
});

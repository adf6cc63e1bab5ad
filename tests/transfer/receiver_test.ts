import { MAX_UNANSWERED_PAGES } from "../../src/transfer/sender.ts";
import { describe } from "../../src/ui/advice.ts";
import assert from "node:assert/strict";
import type { TargetStatus } from "../../src/protocol/words.ts";
import { type ErrorKind, UltraError } from "../../src/base/errors.ts";
import type { TransferMessage } from "../../src/protocol/messages.ts";
import { ACKNOWLEDGE_MS, ENOUGH_NEWS } from "../../src/transfer/acknowledgements.ts";
import { reasonOfCode } from "../../src/protocol/codes.ts";
import { BYE_MS, ByeWait } from "../../src/transfer/bye.ts";
import { end, errorOf, type Item, MIB, page, position, ReceiverBench, ROOT, seal, summaryOf } from "./harness.ts";

const FILES: readonly Item[] = [["d", "folder"], ["d/a", 3 * MIB], ["b", 5], ["e", 0]];

/** What a sender may not say, after {@linkcode FILES} passed. */
const BREACHES: readonly (readonly [name: string, ...messages: TransferMessage[]])[] = [
  ["seals a file with another size (G1)", seal(1, 3 * MIB - 1)],
  ["seals an empty file", seal(3, 0)],
  ["seals a folder", seal(0, 0)],
  ["seals an entry outside of the manifest", seal(4, 0)],
  ["offers more entries after the end (G6)", page(4, [["x", 1]])],
  ["ends the pages again with other numbers (G6)", { type: "pages-end", entries: 4, bytes: 1 }],
  ["fails an entry outside of the manifest", { type: "fail", entry: 4, kind: "disk", text: "" }],
  ["says bye before the end", { type: "bye" }],
  ["asks for blocks", { type: "need", items: [{ what: "all", entry: 0, entries: 1 }] }],
  ["claims to be done", { type: "done", transferRoot: ROOT, committed: 4, present: 0, skipped: 0, failed: 0 }],
  ["states a position without a new connection", position(0, false)],
  ["asks for what it sends", { type: "request", what: "list", paths: [] }],
];

for (const [name, ...messages] of BREACHES) {
  Deno.test(`a receiver ends the transfer when its sender ${name}`, () => {
    const bench = new ReceiverBench().takeAll(FILES);
    assert.equal(bench.state, "running");
    bench.receive(...messages).assertFails("protocol");
  });
}

/** Pages that may not come, and what is said of them. */
const BAD_PAGES: readonly (readonly [name: string, kind: ErrorKind, message: TransferMessage])[] = [
  ["climbs out of the folder (F1)", "protocol", page(0, [["../x", 1]])],
  ["is absolute (F2)", "protocol", page(0, [["/etc/x", 1]])],
  ["has an empty component (F6)", "protocol", page(0, [["a//b", 1]])],
  ["has a control character (F8)", "protocol", page(0, [["a\u001b[2J", 1]])],
  ["has the reserved prefix (F15)", "protocol", page(0, [[".ultra-x", 1]])],
  ["leaves a gap in the manifest (A8)", "protocol", page(1, [["x", 1]])],
  ["adds up to more bytes than can be counted (A4)", "protocol", page(0, [["x", 2 ** 53 - 1], ["y", 2 ** 53 - 1]])],
  ["has a file of more blocks than a transfer may have (T2)", "protocol", page(0, [["x", 2 ** 50 + 1]])],
  ["has files of more blocks than a transfer may have (T2)", "protocol", page(0, [["x", 2 ** 50], ["y", 1]])],
];

for (const [name, kind, message] of BAD_PAGES) {
  Deno.test(`a page is refused, and nothing reaches the disk, when it ${name}`, () => {
    const bench = new ReceiverBench().receive(message);
    bench.assertFails(kind);
    assert.deepEqual(bench.told, []);
  });
}

Deno.test("T2: a transfer of 1 PiB passes", () => {
  const bench = new ReceiverBench().takeAll([["x", 2 ** 50]], undefined, 2 ** 51);
  assert.deepEqual([bench.state, bench.toldOf("expect")], ["running", [[0, 0, 2 ** 30]]]);
});

Deno.test("T2: what was announced before the offer bounds it", () => {
  const most = { entries: 2, bytes: 100 };
  assert.equal(new ReceiverBench({ most }).takeAll([["a", 60], ["b", 40]]).state, "running");
  for (const items of [[["a", 101]], [["a", 60], ["b", 41]], [["a", 1], ["b", 1], ["c", 1]]] as const) {
    const bench = new ReceiverBench({ most }).receive(page(0, items));
    bench.assertFails("protocol");
    assert.deepEqual(bench.told, []);
  }
});

Deno.test("T3: a page that the sink refuses ends the transfer: as a breach, or for lack of memory as a failure here", () => {
  for (const [fault, kind] of [["protocol", "protocol"], ["no-memory", "disk"]] as const) {
    const bench = new ReceiverBench().receive(page(0, [["a", 1]]));
    bench.handle({ type: "page-refused", fault, text: "a manifest of too many or too long names" });
    bench.assertFails(kind);
    assert.match(errorOf(bench.outcome).message, /too many or too long names/);
  }
});

const REFUSALS: readonly (readonly [TargetStatus, ErrorKind, RegExp])[] = [
  ["cannot-rename", "usage", /-o fits/],
  ["duplicate", "protocol", /twice/],
  ["conflict", "protocol", /below a file/],
];

Deno.test("D16, D17, F11: what something of another kind keeps out is left out alone, whatever becomes of files that differ", () => {
  const items = [["a", 5], ["b", 5], ["c/d", 5], ["e", 5]] as const;
  for (const existing of ["refuse", "skip", "update", "replace", "rename", "backup"] as const) {
    const found = ["absent", "in-the-way", "unsafe-parent", "unexaminable"] as const;
    const bench = new ReceiverBench({ existing }).takeAll(items, found);
    assert.deepEqual([bench.state, bench.toldOf("expect-entries")], ["running", [[0, 1]]]);
    bench.handle({ type: "arrived", first: 0, count: 1 });
    bench.handle({ type: "committed", first: 0, count: 1, durable: true });
    bench.handle({ type: "folders-finished", failure: undefined });
    assert.deepEqual(leftOutBy(bench), { "in-the-way": 1, "no-folder": 1, unexaminable: 1 }, existing);
  }
});

for (const [status, kind, text] of REFUSALS) {
  Deno.test(`a target that is "${status}" ends the transfer before anything is committed (D16, D17, F11)`, () => {
    const bench = new ReceiverBench().take([["a", 5], ["b", 5]], ["absent", status]);
    bench.assertFails(kind);
    const { outcome } = bench;
    assert.match(describe(errorOf(outcome)), text);
    assert.equal(errorOf(outcome).subject, "b");
    assert.deepEqual([bench.toldOf("expect"), bench.toldOf("commit")], [[], []]);
    assert.equal(new ReceiverBench({ existing: "replace" }).take([["b", 5]], [status]).state, "failed");
  });
}

Deno.test("D17: what becomes of files that are there and differ: each is taken or left out by itself, and told so", () => {
  const items = [["a", 5], ["b", 5], ["c", 5]] as const;
  for (
    const [existing, taken, leftOut] of [
      ["refuse", [0], { exists: 1, kept: 1 }],
      ["skip", [0], { kept: 2 }],
      ["update", [0, 1], { kept: 1 }],
      ["replace", [0, 1], { kept: 1 }],
      ["backup", [0, 1], { kept: 1 }],
      ["rename", [0], { exists: 1, kept: 1 }],
    ] as const
  ) {
    const bench = new ReceiverBench({ existing }).takeAll(items, ["absent", "different", "not-older"]);
    assert.equal(bench.state, "running", existing);
    const entries = bench.toldOf("expect-entries").flatMap(([first, count]) => {
      return Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
    });
    assert.deepEqual(entries, taken, existing);
    for (const first of taken) bench.handle({ type: "arrived", first, count: 1 });
    for (const first of taken) bench.handle({ type: "committed", first, count: 1, durable: true });
    bench.handle({ type: "folders-finished", failure: undefined });
    assert.deepEqual(leftOutBy(bench), leftOut, existing);
  }
});

/** What the receiver has told its sender of what it leaves out. */
function leftOutBy(bench: ReceiverBench): Record<string, number> {
  const told = bench.sent.flatMap((message) => message.type === "left-out" ? message.counts : []);
  return Object.fromEntries(told.map(({ reason, count }) => [reasonOfCode(reason), count]));
}

Deno.test("a manifest that does not fit the disk is refused as soon as that is known (D1, D31, G13)", () => {
  const bench = new ReceiverBench().take([["a", 5 * MIB]], ["absent"], 10 * MIB);
  assert.equal(bench.state, "running");
  bench.take([["b", 5 * MIB]], ["absent"], 10 * MIB, 1);
  bench.assertFails("disk");
  const { outcome } = bench;
  assert.match(errorOf(outcome).message, /needs at least 11\.5 MB, 10\.5 MB free/);
});

Deno.test("what is there already needs no space", () => {
  const bench = new ReceiverBench().takeAll([["a", 5 * MIB]], ["identical"], 0);
  assert.deepEqual(bench.sent, [{ type: "need", items: [{ what: "present", entry: 0, entries: 1 }] }]);
});

Deno.test("more pages than may be under way end the transfer (F16)", () => {
  const bench = new ReceiverBench();
  for (let i = 0; i < MAX_UNANSWERED_PAGES; i++) bench.receive(page(i, [[`f${i}`, 1]]));
  assert.equal(bench.state, "running");
  bench.receive(page(MAX_UNANSWERED_PAGES, [["one more", 1]])).assertFails("protocol");
});

Deno.test("a page that comes again changes nothing (A8, G6)", () => {
  const bench = new ReceiverBench().take([["a", 5]]).receive(page(0, [["other", 9]]));
  assert.equal(bench.state, "running");
  assert.equal(bench.toldOf("page").length, 1);
});

Deno.test("nothing is committed before the last page has passed", () => {
  const bench = new ReceiverBench().take([["d", "folder"], ["d/a", 5]]);
  bench.handle({ type: "arrived", first: 1, count: 1 });
  const items: readonly Item[] = [["d", "folder"], ["d/a", 5], ["b", 0], ["c", 2 * MIB], ["e", 5]];
  bench.receive(page(2, items.slice(2)), end(items));
  assert.deepEqual([bench.toldOf("commit"), bench.toldOf("commit-entries")], [[], []]);
  bench.handle({ type: "checked", first: 2, statuses: ["absent", "absent", "absent"], freeSpace: 1e15 });
  assert.deepEqual(bench.toldOf("commit-entries"), [[0, 3]], "a folder, a file that has arrived and an empty one");
  bench.handle({ type: "arrived", first: 4, count: 1 });
  assert.deepEqual([bench.toldOf("commit"), bench.toldOf("commit-entries").slice(1)], [[], [[4, 1]]]);
});

Deno.test("a damaged block is asked for three times, then the transfer ends (B5)", () => {
  const bench = new ReceiverBench().takeAll([["a", 3 * MIB]]);
  for (let i = 0; i < 3; i++) bench.handle({ type: "mismatch", entry: 0, block: 1 });
  assert.deepEqual(bench.sent.at(-1), { type: "need", items: [{ what: "blocks", entry: 0, first: 1, count: 1 }] });
  assert.equal(bench.sent.filter(({ type }) => type === "need").length, 4);
  bench.handle({ type: "mismatch", entry: 0, block: 1 });
  bench.assertFails("integrity");
});

Deno.test("blocks that do not build the root end the transfer (G5)", () => {
  const bench = new ReceiverBench().takeAll([["a", 2 * MIB], ["b", 5]]);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 2 });
  bench.receive(seal(0, 2 * MIB));
  assert.deepEqual(bench.toldOf("commit"), [[0, 2 * MIB]]);
  bench.handle({ type: "entry-failed", entry: 0, fault: "integrity", text: "a has another root" });
  bench.assertFails("integrity");
});

Deno.test("a block that is verified twice counts once (A8, B3)", () => {
  const bench = new ReceiverBench().takeAll([["a", 3 * MIB + 1]]);
  bench.handle({ type: "verified", entry: 0, first: 1, count: 1 });
  bench.handle({ type: "verified", entry: 0, first: 0, count: 4 });
  bench.handle({ type: "verified", entry: 0, first: 3, count: 1 });
  assert.equal(bench.receiver.progress.verifiedBytes, 3 * MIB + 1);
});

Deno.test("a full disk ends the transfer, a file that cannot be written only itself (D2, D8)", () => {
  const full = new ReceiverBench().takeAll(FILES);
  full.handle({ type: "entry-failed", entry: 1, fault: "no-space", text: "no space left" });
  full.assertFails("disk");
  const broken = new ReceiverBench().takeAll(FILES);
  broken.handle({ type: "entry-failed", entry: 1, fault: "io", text: "a cannot be written" });
  assert.deepEqual(broken.sent.at(-1), { type: "failed", entry: 1, kind: "disk", text: "a cannot be written" });
  assert.deepEqual([broken.toldOf("abandon"), broken.state], [[[1, "parts"]], "running"]);
});

Deno.test("a file that its sender failed is abandoned, and later words about it are ignored (E1, E2)", () => {
  const bench = new ReceiverBench().takeAll(FILES);
  bench.handle({ type: "verified", entry: 1, first: 0, count: 2 });
  const fail: TransferMessage = { type: "fail", entry: 1, kind: "source-changed", text: "changed" };
  bench.receive(fail, fail);
  bench.handle({ type: "verified", entry: 1, first: 2, count: 1 });
  bench.handle({ type: "mismatch", entry: 1, block: 2 });
  assert.deepEqual(bench.toldOf("abandon"), [[1, "nothing"]]);
  assert.equal(bench.receiver.progress.verifiedBytes, 0);
});

Deno.test("a seal may come before the last block, and a file is committed when both are there", () => {
  const bench = new ReceiverBench().takeAll([["a", 3 * MIB]]);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 2 });
  bench.receive(seal(0, 3 * MIB), seal(0, 3 * MIB));
  assert.deepEqual([bench.toldOf("commit"), bench.receiver.phase], [[], "moving"]);
  bench.handle({ type: "mismatch", entry: 0, block: 2 });
  assert.deepEqual(bench.sent.at(-1), { type: "need", items: [{ what: "blocks", entry: 0, first: 2, count: 1 }] });
  bench.handle({ type: "verified", entry: 0, first: 2, count: 1 });
  assert.deepEqual([bench.toldOf("commit"), bench.receiver.phase], [[[0, 3 * MIB]], "committing"]);
});

Deno.test("a file of one block whose frame was not sealed is sealed by a message", () => {
  const bench = new ReceiverBench().takeAll([["a", 5], ["b", 5]]);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 1 });
  assert.deepEqual(bench.toldOf("commit"), []);
  bench.receive(seal(0, 5), seal(1, 5));
  bench.handle({ type: "verified", entry: 1, first: 0, count: 1 });
  assert.deepEqual([bench.toldOf("commit"), bench.toldOf("commit-entries")], [[[0, 5], [1, 5]], []]);
});

Deno.test("G6: a failure may follow a seal until the commit has begun, which then wins", () => {
  const fail = (entry: number): TransferMessage => ({ type: "fail", entry, kind: "source-changed", text: "changed" });
  const items: readonly Item[] = [["a", 2 * MIB], ["b", 2 * MIB], ["c", 5], ["d", 5]];
  const bench = new ReceiverBench().takeAll(items).receive(seal(0, 2 * MIB), fail(0));
  assert.deepEqual(bench.toldOf("abandon"), [[0, "nothing"]]);
  bench.handle({ type: "verified", entry: 1, first: 0, count: 2 });
  bench.handle({ type: "arrived", first: 2, count: 2 });
  bench.receive(seal(1, 2 * MIB), fail(1), fail(2));
  assert.deepEqual(bench.toldOf("abandon"), [[0, "nothing"]], "these are being committed");
  bench.handle({ type: "committed", first: 1, count: 3, durable: true });
  bench.receive(fail(3));
  bench.handle({ type: "folders-finished", failure: undefined });
  const { counts, exitKind } = summaryOf(bench.receive({ type: "bye" }).outcome);
  assert.deepEqual([counts.committed, counts.failed, exitKind], [3, 1, "some-failed"]);
});

Deno.test("one thing asked for has its own code only where nothing of it arrived: a folder whose only file failed did", () => {
  const ended = (items: readonly Item[], entry: number) => {
    const bench = new ReceiverBench().takeAll(items);
    bench.handle({ type: "entry-failed", entry, fault: "io", text: "" });
    if (entry > 0) bench.handle({ type: "committed", first: 0, count: entry, durable: true });
    bench.handle({ type: "folders-finished", failure: undefined });
    return summaryOf(bench.receive({ type: "bye" }).outcome).exitKind;
  };
  assert.equal(ended([["a", 5]], 0), "disk");
  assert.equal(ended([["d", "folder"], ["d/a", 5]], 1), "some-failed");
});

Deno.test("before all pages have passed a file that is complete may fail still", () => {
  const bench = new ReceiverBench().take([["a", 5]]);
  bench.handle({ type: "arrived", first: 0, count: 1 });
  bench.receive({ type: "fail", entry: 0, kind: "source-changed", text: "changed" }, end([["a", 5]]));
  assert.deepEqual([bench.toldOf("abandon"), bench.toldOf("commit-entries")], [[[0, "nothing"]], []]);
});

Deno.test("when both sides fail a file, both end with the kind that tells more", () => {
  const items: readonly Item[] = [["a", 5]];
  const ended = (...acts: ((bench: ReceiverBench) => void)[]) => {
    const bench = new ReceiverBench().takeAll(items);
    bench.handle({ type: "arrived", first: 0, count: 1 });
    for (const act of acts) act(bench);
    bench.handle({ type: "folders-finished", failure: undefined });
    return summaryOf(bench.receive({ type: "bye" }).outcome).exitKind;
  };
  const there = (bench: ReceiverBench) => {
    bench.receive({ type: "fail", entry: 0, kind: "integrity", text: "" });
  };
  const here = (bench: ReceiverBench) => bench.handle({ type: "entry-failed", entry: 0, fault: "io", text: "" });
  assert.deepEqual([ended(there, here), ended(here, there), ended(here)], ["integrity", "integrity", "disk"]);
});

Deno.test("links are committed when everything else is over, as runs", () => {
  const items: readonly Item[] = [["d", "folder"], ["d/l", "link"], ["a", 5], ["b", 2 * MIB], ["l", "link"], [
    "m",
    "link",
  ]];
  const bench = new ReceiverBench().takeAll(items);
  bench.handle({ type: "arrived", first: 2, count: 1 });
  assert.deepEqual(bench.toldOf("commit-entries"), [[0, 1], [2, 1]]);
  bench.handle({ type: "committed", first: 0, count: 1, durable: true });
  bench.handle({ type: "committed", first: 2, count: 1, durable: true });
  assert.equal(bench.toldOf("commit-entries").length, 2, "a file is missing");
  bench.handle({ type: "entry-failed", entry: 3, fault: "io", text: "" });
  assert.deepEqual(bench.toldOf("commit-entries").slice(2), [[1, 1], [4, 2]]);
  assert.deepEqual(bench.toldOf("finish-folders"), []);
  bench.handle({ type: "committed", first: 1, count: 1, durable: true });
  bench.handle({ type: "committed", first: 4, count: 2, durable: true });
  assert.deepEqual(bench.toldOf("finish-folders"), [[]]);
});

Deno.test("files of one block are expected as runs, which end only before one that is not needed", () => {
  const items: readonly Item[] = [
    ["d", "folder"],
    ["d/a", 5],
    ["d/b", 2 * MIB],
    ["d/c", MIB],
    ["d/there", 5],
    ["d/e", 0],
    ["d/f", 5],
    ["l", "link"],
  ];
  const statuses = items.map(([path]): TargetStatus => path === "d/there" ? "identical" : "absent");
  const bench = new ReceiverBench().takeAll(items, statuses);
  assert.deepEqual(bench.toldOf("expect-entries"), [[1, 3], [6, 1]]);
  assert.deepEqual(bench.toldOf("expect"), [[2, 0, 2]]);
  assert.deepEqual(bench.sent.filter(({ type }) => type === "need"), [{
    type: "need",
    items: [
      { what: "all", entry: 0, entries: 4 },
      { what: "present", entry: 4, entries: 1 },
      { what: "all", entry: 5, entries: 3 },
    ],
  }]);
});

Deno.test("a position of another transfer ends this one", () => {
  const bench = new ReceiverBench().takeAll(FILES);
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "link-restored" });
  bench.receive({ type: "position", transfer: 2, entries: 0, end: false }).assertFails("protocol");
});

Deno.test("holes need no space, and do not count as what was moved", () => {
  const sparse: readonly Item[] = [["image", 2 ** 40, 100 * MIB]];
  assert.equal(new ReceiverBench().takeAll(sparse, undefined, 50 * MIB).state, "failed");
  const bench = new ReceiverBench().takeAll(sparse, undefined, 200 * MIB);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 2 ** 19 });
  const { verifiedBytes, totalBytes, hashesHoles } = bench.receiver.progress;
  assert.deepEqual([verifiedBytes, totalBytes, hashesHoles], [50 * MIB, 100 * MIB, true]);
});

Deno.test("acknowledgements are merged, and at most 20 leave in a second", () => {
  const bench = new ReceiverBench().takeAll([["a", 90 * MIB]]);
  for (let block = 0; block < 80; block++) {
    bench.handle({ type: "verified", entry: 0, first: block, count: 1 });
    bench.handle({ type: "tick", nowMs: block * 10 });
  }
  const acks = bench.sent.filter(({ type }) => type === "verified");
  assert.equal(acks.length, 1 + Math.floor(790 / ACKNOWLEDGE_MS));
  assert.deepEqual(acks[1], { type: "verified", items: [{ what: "blocks", entry: 0, first: 1, count: 5 }] });
});

Deno.test("commits of small files are told in numbers without waiting for the clock, and verified ones with it", () => {
  const files = 2 * ENOUGH_NEWS + 64;
  const bench = new ReceiverBench().takeAll(Array.from({ length: files }, (_, i): [string, number] => [`f${i}`, 1]));
  bench.handle({ type: "tick", nowMs: ACKNOWLEDGE_MS });
  bench.sent.length = 0;
  for (let first = 0; first < files - 64; first += 64) {
    bench.handle({ type: "arrived", first, count: 64 });
    bench.handle({ type: "committed", first, count: 64, durable: true });
    bench.handle({ type: "tick", nowMs: ACKNOWLEDGE_MS + 1 });
  }
  const told = [0, ENOUGH_NEWS].flatMap((first): TransferMessage[] => [
    { type: "verified", items: [{ what: "all", entry: first, entries: ENOUGH_NEWS }] },
    { type: "committed", runs: [{ first, count: ENOUGH_NEWS }] },
  ]);
  assert.deepEqual(bench.sent, told);
});

Deno.test("the last block of a file is acknowledged at once", () => {
  const bench = new ReceiverBench().takeAll([["a", 3 * MIB]]);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 2 });
  bench.handle({ type: "tick", nowMs: 1 });
  bench.handle({ type: "verified", entry: 0, first: 2, count: 1 });
  bench.handle({ type: "tick", nowMs: 2 });
  assert.deepEqual(bench.sent.at(-1), { type: "verified", items: [{ what: "blocks", entry: 0, first: 2, count: 1 }] });
});

Deno.test("a receiver confirms after its folders, and takes silence for bye after five seconds", () => {
  const bench = confirming();
  assert.equal(bench.sent.at(-1)?.type, "done");
  bench.handle({ type: "tick", nowMs: 1000 + BYE_MS - 1 });
  assert.equal(bench.state, "running");
  bench.handle({ type: "tick", nowMs: 1000 + BYE_MS });
  const { outcome } = bench;
  assert.equal(summaryOf(outcome).exitKind, "done");
  assert.deepEqual(summaryOf(outcome).fileRoot, ROOT);
});

Deno.test("a network that fails after the confirmation is no failure of the receiver (C8)", () => {
  const bench = confirming();
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "cancel", error: new UltraError("network", "lost") });
  assert.equal(bench.state, "finished");
});

Deno.test("a lost confirmation is repeated on the next connection (C8)", () => {
  const bench = confirming();
  bench.handle({ type: "link-lost" });
  bench.sent.length = 0;
  bench.handle({ type: "link-restored" });
  bench.receive(position(1, false));
  assert.deepEqual(bench.sent.map(({ type }) => type), ["position", "committed", "done"]);
  bench.receive({ type: "bye" });
  assert.equal(bench.state, "finished");
});

Deno.test("after a reconnect a receiver says what it has and asks for what it lacks", () => {
  const items: readonly Item[] = [["a", 4 * MIB], ["b", 5], ["c", 5]];
  const bench = new ReceiverBench().take(items, ["absent", "absent", "identical"]);
  bench.handle({ type: "verified", entry: 0, first: 1, count: 2 });
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "verified", entry: 0, first: 3, count: 1 });
  bench.sent.length = 0;
  bench.handle({ type: "link-restored" });
  bench.receive(position(1, false));
  assert.deepEqual(bench.sent, [
    position(3, false),
    { type: "verified", items: [{ what: "blocks", entry: 0, first: 1, count: 3 }] },
    { type: "need", items: [{ what: "blocks", entry: 0, first: 0, count: 1 }] },
    { type: "need", items: [{ what: "all", entry: 1, entries: 1 }, { what: "present", entry: 2, entries: 1 }] },
  ]);
});

Deno.test("what was committed while the link was down is told after the needs, which the sender may lack", () => {
  const items: readonly Item[] = [["d", "folder"], ["e", 0]];
  const bench = new ReceiverBench().takeAll(items);
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "link-restored" });
  bench.handle({ type: "committed", first: 0, count: 2, durable: true });
  bench.sent.length = 0;
  bench.receive(position(0, false));
  assert.deepEqual(bench.sent.map(({ type }) => type), ["need", "committed"]);
});

Deno.test("folders that cannot be finished end the transfer, since nothing says that they last", () => {
  const bench = new ReceiverBench().takeAll([["d", "folder"]]);
  bench.handle({ type: "committed", first: 0, count: 1, durable: true });
  bench.handle({ type: "folders-finished", failure: { fault: "io", text: "d cannot be synced" } });
  bench.assertFails("disk");
});

Deno.test("an empty manifest is a transfer, too", () => {
  const bench = new ReceiverBench().receive(end([]));
  bench.handle({ type: "folders-finished", failure: undefined });
  bench.receive({ type: "bye" });
  const { outcome } = bench;
  assert.equal(summaryOf(outcome).exitKind, "done");
});

/** A receiver at second 1 that has one file and has said so. */
function confirming(): ReceiverBench {
  const bench = new ReceiverBench().takeAll([["a", 5]]);
  bench.handle({ type: "arrived", first: 0, count: 1 });
  bench.handle({ type: "committed", first: 0, count: 1, durable: true });
  bench.handle({ type: "tick", nowMs: 1000 });
  bench.handle({ type: "folders-finished", failure: undefined });
  return bench;
}

Deno.test("T13 a sender that comes back again and again without a bye is waited for 35 s in all", () => {
  const wait = new ByeWait(0);
  assert.ok(!wait.isOver(BYE_MS - 1) && wait.isOver(BYE_MS));
  for (let nowMs = 0; nowMs < 34_000; nowMs += 3000) {
    wait.lost(nowMs);
    assert.ok(!wait.isOver(nowMs), `${nowMs} ms`);
  }
  assert.ok(!wait.isOver(34_999) && wait.isOver(35_000));
});

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { MAX_NEED_RUNS } from "../../src/protocol/limits.ts";
import type { TransferMessage } from "../../src/protocol/messages.ts";
import { MAX_UNANSWERED_PAGES, STALL_MS } from "../../src/transfer/sender.ts";
import {
  bytesOf,
  committed,
  harnessRoot,
  type Item,
  MIB,
  needAll,
  needBlocks,
  newSender,
  page,
  ROOT,
} from "./harness.ts";
import { errorOf, position, SenderBench, summaryOf, verified, verifiedAll } from "./harness.ts";

const FILES: readonly Item[] = [["a", 40 * MIB], ["b", 5], ["c", "folder"], ["d", 0]];

/** What a receiver may not say, after it needed all of {@linkcode FILES}. */
const BREACHES: readonly (readonly [name: string, ...messages: TransferMessage[]])[] = [
  ["needs entries outside of the manifest (H1)", needAll(4)],
  ["needs entries beyond its end (H1)", needAll(3, 2)],
  ["needs blocks beyond a file's size (G2)", needBlocks(0, 39, 2)],
  ["needs blocks of an entry outside of the manifest (H1)", needBlocks(9, 0, 1)],
  ["needs blocks of a folder (H1)", needBlocks(2, 0, 1)],
  ["needs verified blocks again (H2)", verified(0, 0, 3), needBlocks(0, 2, 1)],
  ["needs a complete file again (H2)", verified(1, 0, 1), needAll(1)],
  ["takes back a need", { type: "need", items: [{ what: "present", entry: 1, entries: 1 }] }],
  ["verifies blocks beyond a file's size (G2)", verified(1, 0, 2)],
  ["verifies entries outside of the manifest", verified(4, 0, 1)],
  ["commits before the seal (H6)", committed(0)],
  ["commits what is verified but not sealed (H6)", verified(0, 0, 40), committed(0)],
  ["verifies runs outside of the manifest", verifiedAll(2, 3)],
  ["commits entries outside of the manifest", committed(2, 3)],
  ["fails what is committed", committed(2), { type: "failed", entry: 2, kind: "disk", text: "" }],
  ["fails entries outside of the manifest", { type: "failed", entry: 4, kind: "disk", text: "" }],
  ["is done before the end (H4)", {
    type: "done",
    transferRoot: ROOT,
    committed: 4,
    present: 0,
    skipped: 0,
    failed: 0,
  }],
  ["holds values of an entry that it needs", { type: "held", entry: 0, first: 0, values: ROOT }],
  ["holds values of blocks beyond a file's size", { type: "held", entry: 1, first: 1, values: ROOT }],
  ["holds the value of a file of one block", { type: "held", entry: 1, first: 0, values: ROOT }],
  ["states a position without a new connection", position(4, true)],
  ["asks for something before the end", { type: "request", what: "paths", paths: ["a"] }],
  ["sends pages", page(0, [["x", 1]])],
  ["says bye", { type: "bye" }],
];

for (const [name, ...messages] of BREACHES) {
  Deno.test(`a sender ends the transfer when its receiver ${name}`, () => {
    // Two lanes are enough to have all blocks granted.
    const bench = new SenderBench(FILES, [1, 2]).receive(needAll(0, 4), ...messages.slice(0, -1));
    assert.equal(bench.state, "running");
    bench.receive(...messages.slice(-1)).assertFails("protocol");
  });
}

Deno.test("a sender ends the transfer when its receiver verifies blocks that were never sent (H6)", () => {
  const bench = new SenderBench([["a", 2000 * MIB]]).receive(needAll(0), verified(0, 0, 64));
  assert.equal(bench.state, "running");
  bench.receive(verified(0, 1999, 1)).assertFails("protocol");
});

Deno.test("a sender ends the transfer when values are held of an entry that is not its own (H1)", () => {
  new SenderBench(FILES).receive({ type: "held", entry: 4, first: 0, values: ROOT }).assertFails("protocol");
});

Deno.test("a sender ends the transfer when answers skip an entry", () => {
  new SenderBench(FILES).receive(needAll(1)).assertFails("protocol");
});

Deno.test("a block is sent once and three times more, and not a million times (H2)", () => {
  const bench = new SenderBench([["a", 5]]).receive(needAll(0));
  for (let i = 0; i < 3; i++) bench.receive(needBlocks(0, 0, 1));
  assert.equal(bench.state, "running");
  bench.receive(needBlocks(0, 0, 1)).assertFails("protocol");
  assert.equal(bench.toldOf("grant-entries").length, 4);
});

Deno.test("T8: a file that is asked for block by block is granted in chunks, also once it is under way", () => {
  const singles = (first: number, count: number): TransferMessage => ({
    type: "need",
    items: Array.from({ length: count }, (_, i) => ({ what: "blocks", entry: 0, first: first + i, count: 1 })),
  });
  const bench = new SenderBench([["a", 640 * MIB]]).receive(singles(0, 320), singles(320, 320));
  for (let grant = 1; grant <= 20; grant++) bench.handle({ type: "grant-read", lane: 1, grant });
  const grants = bench.toldOf("grant").map(([, , , first, count]) => [first, count]);
  assert.deepEqual(grants, Array.from({ length: 20 }, (_, i) => [32 * i, 32]));
});

Deno.test("T8: a receiver may ask for a quarter of a million single blocks, and for no more", () => {
  const blocks = 2 * MAX_NEED_RUNS + 2;
  const bench = new SenderBench([["a", blocks * MIB]]);
  for (let first = 0; first < MAX_NEED_RUNS; first += 2048) {
    const items = Array.from({ length: 2048 }, (_, i) => ({
      what: "blocks" as const,
      entry: 0,
      first: 2 * (first + i),
      count: 1,
    }));
    bench.receive({ type: "need", items });
  }
  assert.equal(bench.state, "running");
  bench.receive(needBlocks(0, blocks - 3, 2));
  assert.equal(bench.state, "running", "what continues the last run is part of it");
  bench.receive(needBlocks(0, 1, 1)).assertFails("protocol");
});

Deno.test("T9: a receiver's acknowledgements that repeat and overlap are taken, whatever it holds between them", () => {
  const values = new Uint8Array(32);
  const bench = new SenderBench([["a", 6 * MIB]]);
  for (const first of [1, 3, 5]) bench.receive({ type: "held", entry: 0, first, values });
  bench.receive(needBlocks(0, 0, 1), needBlocks(0, 2, 1), needBlocks(0, 4, 1));
  for (const count of [1, 2, 3, 4, 3, 5]) bench.receive(verified(0, 0, count));
  assert.deepEqual([bench.state, bench.sender.progress.verifiedBytes], ["running", 5 * MIB]);
  bench.receive(verified(0, 5, 1));
  const { verifiedBytes, resumedBytes } = bench.sender.progress;
  assert.deepEqual([bench.state, verifiedBytes, resumedBytes], ["running", 6 * MIB, 3 * MIB]);
});

Deno.test("D26: a held block that is needed after all travels, and counts as moved", () => {
  const bench = new SenderBench([["a", 4 * MIB]]);
  bench.receive({ type: "held", entry: 0, first: 0, values: new Uint8Array(3 * 32) }, needBlocks(0, 3, 1));
  assert.equal(bench.sender.progress.verifiedBytes, 0, "held is not verified");
  bench.receive(verified(0, 0, 1), needBlocks(0, 1, 1), verified(0, 1, 3));
  const { verifiedBytes, resumedBytes } = bench.sender.progress;
  assert.deepEqual([bench.state, verifiedBytes, resumedBytes], ["running", 4 * MIB, 2 * MIB]);
  bench.receive(needBlocks(0, 0, 1)).assertFails("protocol");
});

Deno.test("H6: to call verified what is neither held nor was sent is a breach", () => {
  const bench = new SenderBench([["a", 4 * MIB], ["b", 4 * MIB]]);
  bench.receive({ type: "held", entry: 0, first: 1, values: new Uint8Array(32) }, needBlocks(0, 0, 1));
  bench.receive(verified(0, 1, 1));
  assert.equal(bench.state, "running");
  bench.receive(verified(0, 1, 2)).assertFails("protocol");
});

Deno.test("T2: more than 1 PiB is not sent at once", () => {
  const size = 2 ** 49;
  assert.equal(new SenderBench([["a", size], ["b", size]]).state, "running");
  new SenderBench([["a", size], ["b", size], ["c", 1]]).assertFails("usage");
});

Deno.test("the same answers over and over end the transfer (G15)", () => {
  const present: TransferMessage = { type: "need", items: [{ what: "present", entry: 0, entries: 1 }] };
  for (
    const [first, again] of [[present, present], [needAll(0), verifiedAll(0)], [needAll(0), committed(0)]] as const
  ) {
    const bench = new SenderBench([["a", 5]]).receive(first);
    for (let i = 0; i < 2000; i++) bench.receive(again);
    bench.assertFails("protocol");
  }
});

Deno.test("T10: G15: runs of a whole manifest cost as much each time as they cover, so that few may come again", () => {
  const items = Array.from({ length: 1000 }, (_, i): Item => [`${i}`, 0]);
  const bench = new SenderBench(items).receive(needAll(0, 1000), committed(0, 1000));
  let messages = 0;
  for (; bench.state === "running"; messages++) bench.receive(verifiedAll(0, 1000));
  assert.ok(messages < 20, `${messages} messages`);
  bench.assertFails("protocol");
});

Deno.test("a receiver that claims to have everything gets nothing, and the summary says so (H4)", () => {
  const bench = new SenderBench(FILES);
  bench.receive({ type: "need", items: [{ what: "present", entry: 0, entries: 4 }] });
  const transferRoot = harnessRoot(new Uint8Array(4).fill(2));
  bench.receive({ type: "done", transferRoot, committed: 0, present: 4, skipped: 0, failed: 0 });
  const { outcome } = bench;
  assert.equal(summaryOf(outcome).committedBytes, 0);
  assert.equal(summaryOf(outcome).presentBytes, bytesOf(FILES));
  assert.deepEqual([bench.toldOf("grant"), bench.sent.at(-1)], [[], { type: "bye" }]);
});

Deno.test("another transfer root is an integrity error, and no success (G5)", () => {
  const bench = new SenderBench([["a", 5]]).receive({
    type: "need",
    items: [{ what: "present", entry: 0, entries: 1 }],
  });
  bench.receive({ type: "done", transferRoot: ROOT, committed: 0, present: 1, skipped: 0, failed: 0 });
  bench.assertFails("integrity");
});

Deno.test("a sender without the final confirmation has not succeeded (C8)", () => {
  const bench = new SenderBench([["a", 5]]).receive(needAll(0), verified(0, 0, 1), committed(0));
  assert.equal(bench.sender.progress.phase, "confirming");
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "cancel", error: new UltraError("network", "not confirmed") });
  const { outcome } = bench;
  assert.equal(errorOf(outcome).kind, "network");
});

Deno.test("C8: a sender knows whether all was sent, also when its lanes end before its link does", () => {
  const bench = new SenderBench([["a", 40 * MIB]]);
  assert.equal(bench.sender.isAllSent, false, "nothing was asked for");
  bench.receive(needAll(0));
  const read = (lane: number) => {
    const grants = bench.toldOf("grant").filter(([to]) => to === lane).map(([, grant]) => Number(grant));
    for (const grant of grants) bench.handle({ type: "grant-read", lane, grant });
  };
  bench.handle({ type: "link-lost" });
  assert.equal(bench.sender.isAllSent, false, "nothing was read");
  bench.handle({ type: "link-restored" });
  bench.receive(position(1, true), needBlocks(0, 0, 40));
  bench.handle({ type: "lanes-opened", lanes: [2] });
  read(2);
  assert.equal(bench.sender.isAllSent, true);
  bench.handle({ type: "lane-lost", lane: 2 });
  bench.handle({ type: "link-lost" });
  assert.equal(bench.sender.isAllSent, true, "it is on its way, or there");
  bench.handle({ type: "link-restored" });
  bench.receive(position(1, true), needBlocks(0, 39, 1));
  assert.equal(bench.sender.isAllSent, false, "a block is missing");
});

Deno.test("B8: a sender finishes files when all blocks have arrived and the link is up, not when its lanes have no work", () => {
  const bench = new SenderBench([["a", 40 * MIB]]).receive(needAll(0), verified(0, 0, 4));
  bench.toldOf("grant").forEach((_, index) => bench.handle({ type: "grant-read", lane: 1, grant: index + 1 }));
  assert.equal(bench.sender.phase, "moving", "what was read may be on its way");
  bench.handle({ type: "link-lost" });
  assert.equal(bench.sender.phase, "moving", "nothing can be granted");
  bench.handle({ type: "link-restored" });
  bench.receive(position(1, true));
  bench.handle({ type: "lanes-opened", lanes: [2] });
  bench.receive(needBlocks(0, 4, 36), verified(0, 4, 35));
  assert.equal(bench.sender.phase, "moving");
  bench.receive(verified(0, 39, 1));
  assert.equal(bench.sender.phase, "committing");
  bench.handle({ type: "link-lost" });
  assert.equal(bench.sender.phase, "moving", "the receiver may need blocks once more");
});

Deno.test("a source that changed fails its file alone, and nothing more of it is read (E1, E2, E3)", () => {
  const bench = new SenderBench([["a", 400 * MIB], ["b", 5]]).receive(needAll(0, 2));
  const before = bench.toldOf("grant").length;
  assert.deepEqual(bench.toldOf("grant-entries"), []);
  bench.handle({ type: "read-failed", entry: 0, fault: "changed", text: "a changed while it was sent" });
  assert.equal(bench.toldOf("grant").length, before);
  assert.deepEqual(bench.toldOf("grant-entries").map(([, , ...run]) => run), [[1, 1]]);
  assert.deepEqual(bench.sent.at(-1), {
    type: "fail",
    entry: 0,
    kind: "source-changed",
    text: "a changed while it was sent",
  });
  assert.equal(bench.state, "running");
});

Deno.test("a source that is found changed by its seal is failed, not sealed (E4)", () => {
  const bench = new SenderBench([["a", 2 * MIB]]).receive(needAll(0), verified(0, 0, 1));
  bench.handle({ type: "seal-failed", entry: 0, fault: "changed", text: "changed" });
  bench.handle({ type: "tick", nowMs: 0 });
  assert.deepEqual(bench.sent.at(-1), { type: "fail", entry: 0, kind: "source-changed", text: "changed" });
  assert.equal(bench.sender.progress.verifiedBytes, 0);
});

Deno.test("a single file that failed decides the exit; of several it does not", () => {
  for (const [items, expected] of [[[["a", 5]], "source-changed"], [[["a", 5], ["b", 5]], "some-failed"]] as const) {
    const bench = new SenderBench(items).receive(needAll(0));
    if (items.length > 1) bench.receive({ type: "need", items: [{ what: "present", entry: 1, entries: 1 }] });
    bench.handle({ type: "read-failed", entry: 0, fault: "changed", text: "changed" });
    const statuses = Uint8Array.from(items, (_, i) => i === 0 ? 4 : 2);
    const present = items.length - 1;
    bench.receive({ type: "done", transferRoot: harnessRoot(statuses), committed: 0, present, skipped: 0, failed: 1 });
    const { outcome } = bench;
    assert.equal(summaryOf(outcome).exitKind, expected);
  }
});

Deno.test("held blocks are not sent, and the rest completes the file", () => {
  const bench = new SenderBench([["a", 4 * MIB]]);
  const values = new Uint8Array(64);
  bench.receive({ type: "held", entry: 0, first: 0, values }, needBlocks(0, 2, 2));
  assert.deepEqual(bench.toldOf("hold"), [[0, 0]]);
  assert.deepEqual(bench.toldOf("grant").map(([, , ...run]) => run), [[0, 2, 2]]);
  bench.receive(verified(0, 2, 2));
  bench.handle({ type: "sealed", entry: 0, size: 4 * MIB, root: ROOT });
  assert.equal(bench.receive(committed(0)).sender.phase, "confirming");
});

Deno.test("an empty file is committed without a frame and without a seal (A1)", () => {
  const bench = new SenderBench([["a", 0]]).receive(needAll(0), committed(0));
  bench.handle({ type: "tick", nowMs: 0 });
  assert.deepEqual([bench.toldOf("grant"), bench.toldOf("grant-entries")], [[], []]);
  assert.deepEqual([bench.sent.map(({ type }) => type), bench.sender.phase], [["page", "pages-end"], "confirming"]);
});

Deno.test("a seal leaves when the source states it, before the last block is verified or after", () => {
  const bench = new SenderBench([["a", 2 * MIB], ["b", 2 * MIB]]).receive(needAll(0, 2), verified(1, 0, 2));
  for (const entry of [0, 1]) bench.handle({ type: "sealed", entry, size: 2 * MIB, root: ROOT });
  bench.handle({ type: "tick", nowMs: 0 });
  bench.handle({ type: "tick", nowMs: 1 });
  const items = [0, 1].map((entry) => ({ entry, size: 2 * MIB, root: ROOT }));
  assert.deepEqual(bench.sent.filter(({ type }) => type === "seal"), [{ type: "seal", items }]);
  bench.receive(needBlocks(0, 1, 1), verified(0, 0, 2), committed(0, 2));
  assert.equal(bench.sender.phase, "confirming");
});

Deno.test("files of one block are granted as runs, which pass over everything else that is needed", () => {
  const items: readonly Item[] = [["d", "folder"], ["a", 5], ["b", 2 * MIB], ["l", "link"], ["c", 5], ["e", 5], [
    "f",
    5,
  ]];
  const bench = new SenderBench(items).receive({
    type: "need",
    items: [
      { what: "all", entry: 0, entries: 5 },
      { what: "present", entry: 5, entries: 1 },
      { what: "all", entry: 6, entries: 1 },
    ],
  });
  bench.handle({ type: "grant-read", lane: 1, grant: 1 });
  assert.deepEqual(bench.toldOf("grant").map(([, , ...run]) => run), [[2, 0, 2]]);
  const runs = bench.toldOf("grant-entries").map((
    [, , first, count],
  ) => [Number(first), Number(first) + Number(count)]);
  const isIn = (entry: number) => runs.filter(([first = 0, end = 0]) => first <= entry && entry < end).length;
  assert.deepEqual([1, 4, 5, 6].map(isIn), [1, 1, 0, 1]);
});

Deno.test("E4: G6: a failure may follow a seal, and a commit that had begun takes it back", () => {
  const items: readonly Item[] = [["a", 5], ["b", 2 * MIB], ["c", 5]];
  const bench = new SenderBench(items, [1, 2]).receive(needAll(0, 3));
  bench.handle({ type: "sealed", entry: 1, size: 2 * MIB, root: ROOT });
  bench.receive(verifiedAll(0, 2));
  for (const entry of [0, 1, 2]) bench.handle({ type: "read-failed", entry, fault: "changed", text: "changed" });
  assert.equal(bench.sent.filter(({ type }) => type === "fail").length, 3);
  assert.equal(bench.sender.progress.verifiedBytes, 0);
  bench.receive(committed(0, 2), { type: "failed", entry: 2, kind: "disk", text: "full" });
  assert.equal(bench.sender.progress.verifiedBytes, 5 + 2 * MIB);
  const transferRoot = harnessRoot(Uint8Array.from([1, 1, 4]));
  bench.receive({ type: "done", transferRoot, committed: 2, present: 0, skipped: 0, failed: 1 });
  const { counts, failures, exitKind } = summaryOf(bench.outcome);
  assert.deepEqual([counts.committed, counts.failed, exitKind], [2, 1, "some-failed"]);
  assert.deepEqual(failures.map(({ entry }) => entry), [2]);
});

Deno.test("H6: a commit of what failed before it was sealed, or failed at the receiver, is a breach", () => {
  const unsealed = new SenderBench([["a", 2 * MIB]]).receive(needAll(0));
  unsealed.handle({ type: "read-failed", entry: 0, fault: "changed", text: "changed" });
  unsealed.receive(committed(0)).assertFails("protocol");
  const there = new SenderBench([["a", 5]]).receive(needAll(0), { type: "failed", entry: 0, kind: "disk", text: "" });
  there.receive(committed(0)).assertFails("protocol");
});

Deno.test("H6: a file of one block cannot be verified before it was granted", () => {
  const items = Array.from({ length: 1000 }, (_, i): Item => [`${i}`, MIB]);
  const bench = new SenderBench(items).receive(needAll(0, 1000));
  const granted = bench.toldOf("grant-entries").reduce((sum, [, , , count]) => sum + Number(count), 0);
  assert.equal(granted, 16, "what is enough for the lane");
  bench.receive(verifiedAll(0, granted));
  assert.equal(bench.state, "running");
  bench.receive(verifiedAll(0, granted + 1)).assertFails("protocol");
});

Deno.test("what is over is released, as runs", () => {
  const bench = new SenderBench(FILES, [1, 2]).receive(needAll(0, 4), committed(1, 3));
  bench.handle({ type: "read-failed", entry: 0, fault: "io", text: "" });
  assert.deepEqual(bench.toldOf("release"), [[1, 1], [2, 2], [0, 1]]);
});

Deno.test("a position of another transfer ends this one", () => {
  const bench = new SenderBench(FILES).receive(needAll(0, 4));
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "link-restored" });
  bench.receive({ type: "position", transfer: 2, entries: 4, end: true }).assertFails("protocol");
});

Deno.test("a sender takes no page while 64 are unanswered, and goes on when one is", () => {
  const sender = newSender();
  for (let i = 0; i < MAX_UNANSWERED_PAGES; i++) {
    assert.equal(sender.wantsPage, true);
    sender.handle({ type: "page", first: i, count: 1, size: 5, entries: page(i, [[`f${i}`, 5]]).entries });
  }
  assert.equal(sender.wantsPage, false);
  sender.handle({ type: "message", message: needAll(0) });
  assert.equal(sender.wantsPage, true);
});

Deno.test("after a reconnect a sender repeats what lies beyond the receiver's position, and no verified block", () => {
  const items: readonly Item[] = [["a", 4 * MIB], ["b", 2 * MIB], ["c", 5], ["d", 5]];
  const bench = new SenderBench(items, [1, 2]).receive(
    needAll(0, 4),
    verified(0, 0, 1),
    verified(1, 0, 2),
    verifiedAll(2),
  );
  bench.handle({ type: "sealed", entry: 1, size: 2 * MIB, root: ROOT });
  bench.handle({ type: "tick", nowMs: 0 });
  bench.handle({ type: "link-lost" });
  bench.sent.length = 0;
  bench.told.length = 0;
  bench.handle({ type: "link-restored" });
  assert.deepEqual(bench.sent, [position(4, false)]);
  bench.receive(position(4, true), verified(0, 0, 2), needBlocks(0, 2, 2), needAll(3));
  assert.deepEqual(bench.sent.slice(1).map(({ type }) => type), ["seal"]);
  bench.handle({ type: "lanes-opened", lanes: [3] });
  assert.deepEqual(bench.toldOf("grant").map(([, , ...run]) => run), [[0, 2, 2]]);
  assert.deepEqual(bench.toldOf("grant-entries").map(([, , ...run]) => run), [[3, 1]]);
  // Its acknowledgement got lost with the link: the commit says it as well.
  bench.receive(committed(1, 3));
  assert.equal(bench.sender.progress.verifiedBytes, 4 * MIB + 10);
});

Deno.test("a message before the position of a new connection ends the transfer", () => {
  const bench = new SenderBench(FILES);
  bench.handle({ type: "link-lost" });
  bench.handle({ type: "link-restored" });
  bench.receive(needAll(0)).assertFails("protocol");
});

Deno.test("blocks that got lost with a lane are sent again when nothing else moves", () => {
  const bench = new SenderBench([["a", 2 * MIB]]).receive(needAll(0));
  bench.handle({ type: "grant-read", lane: 1, grant: 1 });
  bench.handle({ type: "lanes-opened", lanes: [2] });
  bench.handle({ type: "lane-lost", lane: 1 });
  bench.handle({ type: "grant-read", lane: 2, grant: 2 });
  bench.handle({ type: "tick", nowMs: 1000 });
  bench.handle({ type: "tick", nowMs: 1000 + STALL_MS - 1 });
  assert.equal(bench.toldOf("grant").length, 2);
  bench.handle({ type: "tick", nowMs: 1000 + STALL_MS });
  assert.equal(bench.toldOf("grant").length, 3);
});

Deno.test("an abort of the peer is the outcome, and is not answered", () => {
  const bench = new SenderBench(FILES).receive({ type: "abort", kind: "disk", text: "full" });
  const { outcome } = bench;
  assert.ok(outcome.state === "failed" && outcome.fromPeer && outcome.error.kind === "disk");
  assert.equal(bench.sent.some(({ type }) => type === "abort"), false);
});

Deno.test("why a peer left tells more than that the network failed", () => {
  const bench = new SenderBench(FILES);
  bench.handle({ type: "cancel", error: new UltraError("network", "lost") });
  bench.receive({ type: "abort", kind: "disk", text: "full" });
  const { outcome } = bench;
  assert.equal(errorOf(outcome).kind, "disk");
});

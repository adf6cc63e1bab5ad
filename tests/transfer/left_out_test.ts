import assert from "node:assert/strict";
import type { TargetStatus } from "../../src/protocol/words.ts";
import type { LeftOut, TransferMessage } from "../../src/protocol/messages.ts";
import { joined, LeftOutEntries, leftOutMessage, missingCount, NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import type { Outcome } from "../../src/transfer/outcome.ts";
import {
  committed,
  harnessRoot,
  type Item,
  needAll,
  position,
  ReceiverBench,
  SenderBench,
  summaryOf,
  verified,
} from "./harness.ts";

const LINKS: LeftOut = {
  counts: [{ reason: "link", count: 1200 }, { reason: "unreadable", count: 2 }],
  names: [{ reason: "unreadable", path: "d/secret" }, { reason: "link", path: "d/link" }],
};

const TREE: readonly Item[] = [["d", "folder"], ["d/a", 5]];

/** A receiver that leaves out an entry. */
const HIDDEN: TransferMessage = {
  type: "left-out",
  counts: [{ reason: 10, count: 1 }],
  names: [{ reason: 10, path: ".a" }],
};

/** {@linkcode LINKS} on the wire. */
const LINKS_MESSAGE: TransferMessage = {
  type: "left-out",
  counts: [{ reason: 8, count: 1200 }, { reason: 1, count: 2 }],
  names: [{ reason: 1, path: "d/secret" }, { reason: 8, path: "d/link" }],
};

function done(committed: number, present: number, skipped: number, statuses: readonly number[]): TransferMessage {
  const transferRoot = harnessRoot(Uint8Array.from(statuses));
  return { type: "done", transferRoot, committed, present, skipped, failed: 0 };
}

/** A sender whose receiver takes all of {@linkcode TREE}. */
function sent(leftOut: LeftOut): SenderBench {
  const bench = new SenderBench(TREE, [1], leftOut).receive(needAll(0, 2), verified(1, 0, 1));
  return bench.receive(committed(0, 2), done(2, 0, 0, [1, 1]));
}

/** A receiver that gets all of {@linkcode TREE} and hears of this before. */
function received(...told: TransferMessage[]): ReceiverBench {
  return receivedBy(new ReceiverBench(), ...told);
}

function receivedBy(bench: ReceiverBench, ...told: TransferMessage[]): ReceiverBench {
  bench.receive(...told).takeAll(TREE);
  bench.handle({ type: "arrived", first: 1, count: 1 });
  bench.handle({ type: "committed", first: 0, count: 2, durable: true });
  bench.handle({ type: "folders-finished", failure: undefined });
  return bench.receive({ type: "bye" });
}

function kinds(outcome: Outcome): readonly string[] {
  const { exitKind, exitKindIfAccepted } = summaryOf(outcome);
  return [exitKind, exitKindIfAccepted];
}

Deno.test("T1: the end of a sender follows the exact counts of its walk, however few names come with them", () => {
  const bench = sent({ counts: LINKS.counts, names: [] });
  assert.deepEqual(kinds(bench.outcome), ["some-failed", "done"]);
  assert.equal(missingCount(summaryOf(bench.outcome).leftOut), 1202);
  assert.deepEqual(kinds(sent(NOTHING_LEFT_OUT).outcome), ["done", "done"]);
});

Deno.test("T42: to a receiver who wants no links none that the sender leaves out is missing, and everything else is", () => {
  const links = [8, 20, 21].map((reason) => ({ reason, count: 3 }));
  const told = (counts: typeof links): TransferMessage => ({ type: "left-out", counts, names: [] });
  const without = (counts: typeof links) => receivedBy(new ReceiverBench({ wantsLinks: false }), told(counts)).outcome;
  assert.deepEqual(kinds(received(told(links)).outcome), ["some-failed", "done"]);
  assert.deepEqual(kinds(without(links)), ["done", "done"]);
  assert.deepEqual(summaryOf(without(links)).leftOut.counts, [{ reason: "chosen", count: 9 }]);
  assert.deepEqual(kinds(without([...links, { reason: 1, count: 1 }])), ["some-failed", "done"]);
});

Deno.test("T21: T42: a sender tells what it leaves out before the end of its pages, and again on another connection", () => {
  const bench = sent(LINKS);
  const types = bench.sent.map(({ type }) => type);
  assert.deepEqual(types.slice(0, 3), ["page", "left-out", "pages-end"]);
  assert.deepEqual(bench.sent[1], LINKS_MESSAGE);
  const again = new SenderBench(TREE, [1], LINKS);
  again.handle({ type: "link-lost" });
  again.handle({ type: "link-restored" });
  again.sent.length = 0;
  again.receive(position(2, false));
  assert.deepEqual(again.sent.map(({ type }) => type), ["left-out", "pages-end"]);
  assert.ok(!sent(NOTHING_LEFT_OUT).sent.some(({ type }) => type === "left-out"), "nothing is told when nothing is");
});

Deno.test("T21: T42: a receiver ends as its sender does when the sender left something out", () => {
  const bench = received(LINKS_MESSAGE);
  assert.deepEqual(kinds(bench.outcome), ["some-failed", "done"]);
  const { leftOut } = summaryOf(bench.outcome);
  assert.deepEqual([leftOut.counts, leftOut.names], [LINKS.counts, LINKS.names]);
  assert.deepEqual(kinds(received().outcome), ["done", "done"]);
});

Deno.test("T21: what users left out by choice counts, and is no failure", () => {
  const chosen: LeftOut = { counts: [{ reason: "chosen", count: 5 }], names: [] };
  const told: TransferMessage = { type: "left-out", counts: [{ reason: 200, count: 5 }], names: [] };
  for (const { outcome } of [sent(chosen), received(told)]) {
    assert.deepEqual(kinds(outcome), ["done", "done"]);
    assert.deepEqual(summaryOf(outcome).leftOut.counts, chosen.counts);
  }
});

Deno.test("T6: a receiver leaves hidden names out one by one, needs no space for them, and tells so before it is done", () => {
  const items: readonly Item[] = [[".git", "folder"], [".git/big", 2 ** 40], ["a", 0], [".x", 5]];
  const bench = new ReceiverBench().takeAll(items, ["hidden", "hidden", "absent", "hidden"], 10 ** 7);
  bench.handle({ type: "committed", first: 2, count: 1, durable: true });
  bench.handle({ type: "folders-finished", failure: undefined });
  bench.receive({ type: "bye" });
  const need = bench.sent.find(({ type }) => type === "need");
  assert.deepEqual(need, {
    type: "need",
    items: [
      { what: "skipped", entry: 0, entries: 2 },
      { what: "all", entry: 2, entries: 1 },
      { what: "skipped", entry: 3, entries: 1 },
    ],
  });
  assert.deepEqual(bench.toldOf("commit-entries"), [[2, 1]]);
  const [leftOut, last] = bench.sent.slice(-2);
  assert.equal(last?.type, "done");
  const names = [{ reason: 10, path: ".git" }, { reason: 10, path: ".x" }];
  assert.deepEqual(leftOut, { type: "left-out", counts: [{ reason: 10, count: 3 }], names });
  assert.deepEqual(kinds(bench.outcome), ["some-failed", "done"]);
});

Deno.test("T6: the one thing asked for has its own code when it is left out, two things have that of several", () => {
  const ended = (items: readonly Item[], status: TargetStatus) => {
    const bench = new ReceiverBench().takeAll(items, items.map(() => status));
    bench.handle({ type: "folders-finished", failure: undefined });
    return kinds(bench.receive({ type: "bye" }).outcome);
  };
  assert.deepEqual(ended([[".a", 5]], "hidden"), ["disk", "done"]);
  assert.deepEqual(ended([[".a", "folder"], [".a/b", 5], [".a/c", 5]], "hidden"), ["disk", "done"]);
  assert.deepEqual(ended([[".a", 5], [".b", 5]], "hidden"), ["some-failed", "done"]);
  assert.deepEqual(ended([[".a", 5]], "identical"), ["done", "done"]);
});

Deno.test("T6: a sender hears that its only file was left out, and ends with the same", () => {
  const skipped: TransferMessage = { type: "need", items: [{ what: "skipped", entry: 0, entries: 1 }] };
  const bench = new SenderBench([[".a", 5]]).receive(skipped, HIDDEN, done(0, 0, 1, [3]));
  assert.deepEqual(kinds(bench.outcome), ["disk", "done"]);
  // An older or later receiver that skips by its user's choice says nothing.
  const chosen = new SenderBench([[".a", 5]]).receive(skipped, done(0, 0, 1, [3]));
  assert.deepEqual(kinds(chosen.outcome), ["done", "done"]);
});

Deno.test("T6: a receiver cannot leave out more than it skipped", () => {
  const bench = new SenderBench([["a", 0]]).receive(needAll(0));
  bench.receive(committed(0), HIDDEN, done(1, 0, 0, [1])).assertFails("protocol");
});

Deno.test("T1: a walk that found its only argument gone does not end well", () => {
  const gone: LeftOut = { counts: [{ reason: "vanished", count: 1 }], names: [] };
  const bench = new SenderBench([], [1], gone).receive(done(0, 0, 0, []));
  assert.deepEqual(kinds(bench.outcome), ["disk", "done"]);
});

Deno.test("T1: names are bounded on the wire and in memory, counts stay exact", () => {
  const entries = new LeftOutEntries();
  for (let i = 0; i < 100_000; i++) entries.add(`.${i}`, "hidden");
  assert.equal(missingCount(entries.leftOut), 100_000);
  assert.equal(entries.leftOut.names.length, 32);
  const names = Array.from({ length: 900 }, () => ({ reason: "link" as const, path: "ä".repeat(4000) }));
  const message = leftOutMessage({ counts: [{ reason: "link", count: 2 ** 40 }], names });
  assert.equal(message?.names.length, 32);
  assert.equal(message?.counts[0]?.count, 2 ** 32 - 1);
  assert.equal(new TextEncoder().encode(message?.names[0]?.path).length, 800);
  assert.equal(leftOutMessage(NOTHING_LEFT_OUT), undefined);
});

Deno.test("what is left out is counted by reason, and what lies below a named folder is not named again", () => {
  const entries = new LeftOutEntries();
  for (const path of [".git", ".git/a", ".git/b", ".gitx"]) entries.add(path, "hidden");
  entries.add(".git/link", "link");
  assert.deepEqual(entries.leftOut.counts, [{ reason: "hidden", count: 4 }, { reason: "link", count: 1 }]);
  assert.deepEqual(entries.leftOut.names.map(({ path }) => path), [".git", ".gitx", ".git/link"]);
});

Deno.test("counts of both sides add up by reason", () => {
  const sum = joined(LINKS, { counts: [{ reason: "link", count: 1 }, { reason: "hidden", count: 4 }], names: [] });
  assert.deepEqual(sum.counts, [
    { reason: "link", count: 1201 },
    { reason: "unreadable", count: 2 },
    { reason: "hidden", count: 4 },
  ]);
});

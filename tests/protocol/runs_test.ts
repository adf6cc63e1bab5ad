import assert from "node:assert/strict";
import fc from "fast-check";
import { encode } from "../../src/protocol/encode.ts";
import * as limits from "../../src/protocol/limits.ts";
import type { NeedItem } from "../../src/protocol/messages.ts";
import {
  committedMessages,
  heldMessages,
  mergeBlockRuns,
  mergeEntryRuns,
  mergeNeedItems,
  needMessages,
  sealMessages,
  verifiedMessages,
} from "../../src/protocol/runs.ts";
import { record } from "./support.ts";

const smallRuns = fc.array(record({ first: fc.nat({ max: 30 }), count: fc.integer({ min: 1, max: 6 }) }));
const smallBlockRuns = fc.array(record({
  entry: fc.nat({ max: 3 }),
  first: fc.nat({ max: 30 }),
  count: fc.integer({ min: 1, max: 6 }),
}));

Deno.test("merged runs of entries hold the same entries, sorted and apart", () => {
  fc.assert(fc.property(smallRuns, (runs) => {
    const merged = mergeEntryRuns(runs);
    assert.deepEqual(merged.flatMap(numbers), [...new Set(runs.flatMap(numbers))].sort((a, b) => a - b));
    merged.slice(1).forEach((run, index) => {
      const before = merged[index];
      assert.ok(before !== undefined && before.first + before.count < run.first);
    });
  }));
});

Deno.test("merged runs of blocks hold the same blocks, each entry by itself", () => {
  fc.assert(fc.property(smallBlockRuns, (runs) => {
    const merged = mergeBlockRuns(runs);
    for (const entry of [0, 1, 2, 3]) {
      const of = (list: typeof runs) => list.filter((run) => run.entry === entry);
      assert.deepEqual(of(merged), mergeEntryRuns(of(runs)).map((run) => ({ entry, ...run })));
    }
    assert.deepEqual(merged.map((run) => run.entry), merged.map((run) => run.entry).toSorted((a, b) => a - b));
  }));
});

Deno.test("merging leaves the given runs alone", () => {
  const runs = [{ entry: 0, first: 5, count: 1 }, { entry: 0, first: 4, count: 1 }] as const;
  assert.deepEqual(mergeBlockRuns(runs), [{ entry: 0, first: 4, count: 2 }]);
  assert.deepEqual(runs, [{ entry: 0, first: 5, count: 1 }, { entry: 0, first: 4, count: 1 }]);
});

Deno.test("needs that continue each other are united, others stay in their order", () => {
  const items: NeedItem[] = [
    { what: "all", entry: 0, entries: 1 },
    { what: "all", entry: 1, entries: 4 },
    { what: "present", entry: 5, entries: 1 },
    { what: "all", entry: 6, entries: 1 },
    { what: "all", entry: 8, entries: 1 },
    { what: "blocks", entry: 9, first: 0, count: 2 },
    { what: "blocks", entry: 9, first: 2, count: 1 },
    { what: "blocks", entry: 9, first: 7, count: 1 },
    { what: "blocks", entry: 10, first: 8, count: 1 },
    { what: "all", entry: 11, entries: 1 },
  ];
  assert.deepEqual(mergeNeedItems(items), [
    { what: "all", entry: 0, entries: 5 },
    { what: "present", entry: 5, entries: 1 },
    { what: "all", entry: 6, entries: 1 },
    { what: "all", entry: 8, entries: 1 },
    { what: "blocks", entry: 9, first: 0, count: 3 },
    { what: "blocks", entry: 9, first: 7, count: 1 },
    { what: "blocks", entry: 10, first: 8, count: 1 },
    { what: "all", entry: 11, entries: 1 },
  ]);
});

Deno.test("verified entries are told as runs in front of the blocks of others", () => {
  const entries = [{ first: 7, count: 3 }, { first: 2, count: 5 }];
  const blocks = [{ entry: 1, first: 4, count: 1 }, { entry: 1, first: 5, count: 2 }];
  assert.deepEqual(verifiedMessages(entries, blocks), [{
    type: "verified",
    items: [{ what: "all", entry: 2, entries: 8 }, { what: "blocks", entry: 1, first: 4, count: 3 }],
  }]);
});

Deno.test("nothing to say is no message", () => {
  assert.deepEqual(needMessages([]), []);
  assert.deepEqual(verifiedMessages([], []), []);
  assert.deepEqual(sealMessages([]), []);
  assert.deepEqual(committedMessages([]), []);
  assert.deepEqual(heldMessages(0, 0, new Uint8Array()), []);
});

Deno.test("long lists are spread over messages that can be sent, without losing an item", () => {
  // Every second one, so that nothing merges.
  const scattered = Array.from({ length: 20_000 }, (_, index) => ({ first: 2 * index, count: 1 }));
  const blocks = scattered.map((run) => ({ entry: 7, ...run }));
  const needs = blocks.map((run): NeedItem => ({ what: "blocks", ...run }));
  const seals = scattered.map((run) => ({ entry: run.first, size: 1, root: new Uint8Array(32) }));

  const need = needMessages(needs);
  const verified = verifiedMessages([], blocks);
  const whole = verifiedMessages(scattered, []);
  const seal = sealMessages(seals);
  const committed = committedMessages(scattered);
  assert.deepEqual(need.flatMap((message) => message.items), needs);
  assert.deepEqual(verified.flatMap((message) => message.items), blocks.map((run) => ({ what: "blocks", ...run })));
  assert.deepEqual(
    whole.flatMap((message) => message.items),
    scattered.map(({ first, count }) => ({ what: "all", entry: first, entries: count })),
  );
  assert.deepEqual(seal.flatMap((message) => message.items), seals);
  assert.deepEqual(committed.flatMap((message) => message.runs), scattered);
  for (const message of [...need, ...verified, ...whole, ...seal, ...committed]) encode(message);
  assert.equal(need.length, Math.ceil(20_000 / limits.MAX_NEED_ITEMS));
  assert.equal(committed.length, Math.ceil(20_000 / limits.MAX_COMMITTED_RUNS));
});

Deno.test("held values are cut at whole values and carry the number of their first block", () => {
  const values = Uint8Array.from({ length: 32 * 4500 }, (_, index) => index);
  const held = heldMessages(3, 100, values);
  assert.deepEqual(held.map((message) => message.first), [100, 2100, 4100]);
  assert.deepEqual(Uint8Array.from(held.flatMap((message) => [...message.values])), values);
  for (const message of held) encode(message);
});

function numbers(run: { first: number; count: number }): number[] {
  return Array.from({ length: run.count }, (_, index) => run.first + index);
}

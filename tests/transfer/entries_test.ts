import assert from "node:assert/strict";
import type { EntryKind } from "../../src/protocol/messages.ts";
import { Entries, EntryState } from "../../src/transfer/entries.ts";
import { HeldBlocks } from "../../src/transfer/held.ts";
import { progressOf } from "../../src/transfer/summary.ts";
import { UnderWay } from "../../src/transfer/under_way.ts";
import { VerifiedBlocks } from "../../src/transfer/verified.ts";

type Name = keyof typeof EntryState;

const STATES = Object.values(EntryState);

/** The way to each state, as both sides together know them. */
const WAYS: Readonly<Record<Name, readonly Name[]>> = {
  listed: [],
  needed: ["needed"],
  verified: ["needed", "verified"],
  sealed: ["needed", "sealed"],
  complete: ["needed", "sealed", "complete"],
  committing: ["needed", "verified", "complete", "committing"],
  committed: ["needed", "complete", "committed"],
  present: ["present"],
  skipped: ["skipped"],
  failed: ["failed"],
};

function add(entries: Entries, path: string, size = 0, kind: EntryKind = "file", dataBytes = size): number {
  // The path lies in the middle of a page.
  const bytes = new TextEncoder().encode(`x${path}/x`);
  return entries.append(kind, size, dataBytes, bytes, 1, bytes.length - 2);
}

function at(name: Name): Entries {
  const entries = new Entries();
  add(entries, "a", 5);
  for (const state of WAYS[name]) entries.setState(0, EntryState[state]);
  return entries;
}

function followers(name: Name): Name[] {
  return (Object.keys(EntryState) as Name[]).filter((next) => {
    try {
      at(name).setState(0, EntryState[next]);
      return true;
    } catch (error) {
      assert.match(String(error), /cannot go from state/);
      return false;
    }
  });
}

Deno.test("entries: a state follows only those that may lead to it, and anything else is a bug", () => {
  assert.deepEqual(followers("listed"), ["needed", "present", "skipped", "failed"]);
  assert.deepEqual(followers("needed"), ["verified", "sealed", "complete", "failed"]);
  assert.deepEqual(followers("verified"), ["complete", "failed"]);
  assert.deepEqual(followers("sealed"), ["complete", "committed", "failed"]);
  assert.deepEqual(followers("complete"), ["committing", "committed", "failed"]);
  assert.deepEqual(followers("committing"), ["committed", "failed"]);
  // A commit that had begun before the failure was heard of wins.
  assert.deepEqual(followers("failed"), ["committed"]);
  for (const name of ["committed", "present", "skipped"] as const) assert.deepEqual(followers(name), []);
});

Deno.test("entries: what is over has a status on the wire, and nothing else has", () => {
  const final = ["committed", "present", "skipped", "failed"] as const;
  assert.deepEqual(final.map((name) => [...at(name).statuses()]), [[1], [2], [3], [4]]);
  const open = (Object.keys(EntryState) as Name[]).filter((name) => !at(name).isOver(0));
  assert.deepEqual(open, ["listed", "needed", "verified", "sealed", "complete", "committing"]);
  for (const name of open) assert.throws(() => at(name).statuses(), /is not over/);
  assert.equal(STATES.length, open.length + final.length);
});

Deno.test("entries: a run moves at once, whatever states its entries are in, and every sum follows", () => {
  const entries = new Entries(100);
  add(entries, "d", 0, "folder");
  add(entries, "d/a", 60);
  add(entries, "d/b", 16_000, "file", 250);
  add(entries, "d/l", 0, "link");
  add(entries, "d/c", 7);
  entries.setRun(0, 5, EntryState.needed);
  assert.equal(entries.move(0, 5, EntryState.needed, EntryState.sealed, "small"), 2);
  assert.deepEqual([1, 4].map((entry) => entries.state(entry)), [EntryState.sealed, EntryState.sealed]);
  entries.setRun(0, 5, EntryState.complete);
  const { complete, needed, sealed } = EntryState;
  assert.deepEqual([needed, sealed, complete].map((state) => entries.inState(state)), [0, 0, 5]);
  assert.deepEqual([entries.filesIn(complete), entries.linksIn(complete), entries.hollowIn(complete)], [3, 1, 1]);
  assert.equal(entries.bytesIn(complete), 317);
  const runs: number[][] = [];
  entries.setState(2, EntryState.failed);
  entries.forEachState(0, 5, (first, count, state) => runs.push([first, count, state]));
  assert.deepEqual(runs, [[0, 2, complete], [2, 1, EntryState.failed], [3, 2, complete]]);
});

Deno.test("entries: names at the top level are counted by their first component", () => {
  const count = (...paths: string[]) => {
    const entries = new Entries();
    for (const path of paths) add(entries, path);
    return entries.tops;
  };
  assert.equal(count("a", "a/b", "a/b/c", "ab", "ab/c", "a/x", "b"), 4);
  assert.equal(count("é", "é/x", "éé"), 2);
  assert.equal(count(), 0);
});

Deno.test("entries: holes count for the size and the blocks of a file, and not for its bytes", () => {
  const entries = new Entries(100);
  add(entries, "sparse", 1000, "file", 250);
  add(entries, "plain", 40);
  assert.deepEqual([entries.totalSize, entries.totalBytes, entries.totalBlocks], [1040, 290, 11]);
  entries.setRun(0, 2, EntryState.needed);
  const verified = new VerifiedBlocks(entries);
  verified.add(0, 0, 5);
  assert.deepEqual([verified.bytes, progressOf(entries, verified.bytes, true).verifiedBytes], [125, 125]);
  assert.equal(progressOf(entries, verified.bytes, true).hashesHoles, false, "a file without holes is missing");
  entries.setState(1, EntryState.complete);
  assert.equal(progressOf(entries, verified.bytes, true).hashesHoles, false, "a quarter is data");
  verified.add(0, 5, 5);
  verified.drop(0);
  entries.setState(0, EntryState.complete);
  const { verifiedBytes, hashesHoles } = progressOf(entries, verified.bytes, true);
  assert.deepEqual([verifiedBytes, hashesHoles, verified.bytes], [290, false, 0]);
});

Deno.test("holes are what is hashed once all that is missing are files of hardly any data", () => {
  const entries = new Entries(100);
  add(entries, "image", 6400, "file", 100);
  add(entries, "fuller", 6400, "file", 101);
  add(entries, "plain", 40);
  entries.setRun(0, 3, EntryState.needed);
  const hashesHoles = (listed = true) => progressOf(entries, 0, listed).hashesHoles;
  assert.equal(hashesHoles(), false);
  entries.setState(2, EntryState.complete);
  assert.equal(hashesHoles(), false, "more data than a sixty-fourth");
  entries.setState(1, EntryState.complete);
  assert.equal(hashesHoles(), true);
  assert.equal(hashesHoles(false), false, "more may come");
  entries.setState(0, EntryState.complete);
  assert.equal(hashesHoles(), false, "nothing is missing");
});

Deno.test("T50: what an interruption leaves of files that are not at their place are blocks of those of several blocks", () => {
  const entries = new Entries(100);
  for (const [path, size] of [["small", 100], ["large", 250], ["other", 1000]] as const) add(entries, path, size);
  add(entries, "sparse", 1000, "file", 40);
  entries.setRun(0, 4, EntryState.needed);
  const partBytes = (partialBytes: number) => progressOf(entries, partialBytes, true).partBytes;
  entries.setRun(0, 2, EntryState.complete);
  assert.equal(partBytes(300), 550, "a small file travels again");
  entries.setState(3, EntryState.verified);
  assert.equal(partBytes(300), 590);
  entries.setState(1, EntryState.committed);
  assert.equal(partBytes(300), 340, "it is at its place");
});

Deno.test("more holes than data among what is missing are told, for nobody knows how long those take", () => {
  const entries = new Entries(100);
  add(entries, "image", 1000, "file", 250);
  add(entries, "plain", 600);
  entries.setRun(0, 2, EntryState.needed);
  const isMostlyHoles = () => progressOf(entries, 0, true).isMostlyHoles;
  assert.equal(isMostlyHoles(), false, "750 bytes in holes, 850 others");
  entries.setState(1, EntryState.complete);
  assert.equal(isMostlyHoles(), true);
  entries.setState(0, EntryState.sealed);
  assert.equal(isMostlyHoles(), true);
  entries.setState(0, EntryState.complete);
  assert.equal(isMostlyHoles(), false, "nothing is missing");
});

Deno.test("A5: T10: a million entries take 10 bytes each, 11 at the sender, and room to grow", () => {
  const entries = new Entries();
  const path = new TextEncoder().encode("d/f");
  for (let i = 0; i < 1_000_000; i++) entries.append("file", 100, 100, path, 0, path.length);
  const underWay = new UnderWay(() => 100);
  underWay.begin(999_999);
  assert.deepEqual([entries.columnBytes, underWay.columnBytes], [10 * 2 ** 20, 1_000_000]);
});

Deno.test("T10: columns of a listing whose length is known are made once, and take more than that all the same", () => {
  const entries = new Entries(undefined, false, 1000);
  const path = new TextEncoder().encode("d/f");
  for (let i = 0; i < 1000; i++) entries.append("file", i, i, path, 0, path.length);
  assert.equal(entries.columnBytes, 10_000);
  entries.append("file", 7, 7, path, 0, path.length);
  assert.deepEqual([entries.count, entries.size(0), entries.size(1000)], [1001, 0, 7]);
  const none = new Entries(undefined, false, 0);
  none.append("file", 7, 7, path, 0, path.length);
  assert.equal(none.size(0), 7);
});

Deno.test("a listing that has ended costs a client 10 bytes an entry in the columns, 12 with what is under way, and stays what it was", () => {
  const entries = new Entries();
  const path = new TextEncoder().encode("d/f");
  const underWay = new UnderWay(() => 100);
  for (let i = 0; i < 100_000; i++) entries.append("file", i, i, path, 0, path.length);
  entries.setRun(7, 100, EntryState.needed);
  entries.trim();
  for (let i = 0; i < 100_000; i++) underWay.begin(i);
  assert.equal(entries.columnBytes, 1_000_000);
  // A bit an entry beside, in the engine: `blocks/roots.rs`.
  assert.ok(entries.columnBytes + underWay.columnBytes <= 12 * 100_000, `${underWay.columnBytes}`);
  assert.deepEqual([entries.size(99_999), entries.kind(99_999)], [99_999, "file"]);
  assert.deepEqual([entries.state(6), entries.state(7)], [EntryState.listed, EntryState.needed]);
  assert.equal(entries.filesIn(EntryState.needed), 100);
});

Deno.test("held blocks of a file with holes count the same on both sides, in whatever pieces their verification is heard of", () => {
  const MIB = 1 << 20;
  const bytesBy = (pieces: readonly number[]) => {
    const entries = new Entries();
    add(entries, "image", 10 * MIB, "file", 3 * MIB + 1);
    const held = new HeldBlocks(entries);
    held.add(0, 0, 10);
    let at = 0;
    for (const count of pieces) held.verified(0, (at += count) - count, count);
    return held.bytes;
  };
  const whole = bytesBy([7]);
  assert.equal(whole, Math.floor(0.7 * (3 * MIB + 1)));
  for (const pieces of [[1, 1, 1, 1, 1, 1, 1], [3, 4], [1, 5, 1]]) assert.equal(bytesBy(pieces), whole);
});

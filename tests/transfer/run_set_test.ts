/** Sets of runs against plain sets of numbers, also when a peer makes as many runs as it can. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { RunSet } from "../../src/transfer/run_set.ts";

const change = (space: number, most: number) =>
  fc.record({
    what: fc.constantFrom("add" as const, "add" as const, "remove" as const),
    first: fc.nat(space),
    count: fc.integer({ min: 1, max: most }),
  });

interface Change {
  readonly what: "add" | "remove";
  readonly first: number;
  readonly count: number;
}

/** A run set and the plain set that it must be. */
class Pair {
  readonly runs = new RunSet();
  readonly plain = new Set<number>();

  change({ what, first, count }: Change): void {
    const before = this.plain.size;
    for (let block = first; block < first + count; block++) {
      if (what === "add") this.plain.add(block);
      else this.plain.delete(block);
    }
    assert.equal(this.runs[what](first, count), Math.abs(this.plain.size - before));
    assert.equal(this.runs.total, this.plain.size);
  }

  assertEqual(space: number): void {
    for (let block = 0; block <= space; block++) assert.equal(this.runs.has(block), this.plain.has(block));
    assert.deepEqual(listed((visit) => this.runs.forEach(visit)), [...this.plain].sort((a, b) => a - b));
  }

  assertMissing(first: number, end: number): void {
    let last = -1;
    const missing = listed((visit) =>
      this.runs.forEachMissing(first, end, (from, count) => {
        assert.ok(from > last && count > 0);
        last = from + count;
        visit(from, count);
      })
    );
    const all = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
    assert.deepEqual(missing, all.filter((block) => !this.plain.has(block)));
    assert.equal(this.runs.firstMissing(first, end), missing[0]);
  }
}

function listed(forEach: (visit: (first: number, count: number) => void) => void): number[] {
  const blocks: number[] = [];
  forEach((first, count) => {
    for (let block = first; block < first + count; block++) blocks.push(block);
  });
  return blocks;
}

Deno.test("T9: a run set is what a plain set of numbers is (A8)", () => {
  // Blocks 0 to 60 are enough for runs to touch, overlap and contain each other.
  fc.assert(fc.property(fc.array(change(60, 20), { maxLength: 40 }), (changes) => {
    const pair = new Pair();
    for (const change of changes) pair.change(change);
    pair.assertEqual(80);
  }));
});

Deno.test("T9: what is missing of a run set is the rest of the range, in order and in runs that do not touch", () => {
  fc.assert(
    fc.property(fc.array(change(60, 20), { maxLength: 20 }), fc.nat(60), fc.nat(30), (changes, first, count) => {
      const pair = new Pair();
      for (const change of changes) pair.change(change);
      pair.assertMissing(first, first + count);
    }),
  );
});

Deno.test("T9: with thousands of runs, of which some change takes many away at once, a run set still is a plain set", () => {
  const space = 4000;
  const scattered = fc.uniqueArray(fc.nat(space / 2 - 1), { minLength: 600, maxLength: 1500 });
  const changes = fc.array(change(space, 1500), { maxLength: 12 });
  fc.assert(
    fc.property(scattered, changes, fc.nat(space), fc.nat(space), (alternate, changes, first, end) => {
      const pair = new Pair();
      for (const at of alternate) pair.change({ what: "add", first: 2 * at, count: 1 });
      pair.assertMissing(first, end);
      for (const change of changes) pair.change(change);
      pair.assertEqual(space + 1500);
      pair.assertMissing(first, end);
    }),
    { numRuns: 30 },
  );
});

Deno.test("T9: 200,000 alternate runs in any order, and all of them united by one", () => {
  const blocks = Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 200_000);
  const runs = new RunSet();
  for (const block of blocks) assert.equal(runs.add(2 * block, 1), 1);
  assert.equal(runs.total, 200_000);
  let gaps = 0;
  runs.forEachMissing(0, 400_000, () => gaps++);
  assert.equal(gaps, 200_000);
  assert.equal(runs.add(0, 400_000), 200_000);
  assert.equal(runs.firstMissing(0, 400_000), undefined);
  for (const block of blocks) assert.equal(runs.remove(2 * block, 1), 1);
  assert.equal(runs.total, 200_000);
  assert.equal(runs.remove(0, 400_000), 200_000);
  assert.equal(runs.total, 0);
  assert.equal(runs.firstMissing(5, 6), 5);
});
